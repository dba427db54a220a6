import { readFileSync } from 'node:fs';
import { connectionRules, tlsRules } from './client-options-connection.ts';
import type { OptionRule } from './client-options-rule.ts';
import type { ClientCommand } from './client-options-settings.ts';
import { commonRules, pubRules, subRules } from './client-options-table.ts';

const purposes = {
  pub: `Publishes messages on one topic, then exits. Takes mosquitto_pub's options.

Usage: linnet pub [-h host] [-p port] -t topic {-m message | -f file | -l | -s | -n}
       linnet pub -L mqtt://host/topic -m message
`,
  sub: `Subscribes and prints what arrives. Takes mosquitto_sub's options.

Usage: linnet sub [-h host] [-p port] -t topic... [-v] [-C count] [-W seconds]
       linnet sub -L mqtt://host/topic
`,
} as const;

const endings = {
  pub: `Exit code: 0 sent; 1 to 5 and 128 to 159 the server refused the connection with that
code; 7 the connection was lost; other errors 1 and more.
`,
  sub: `Formats (-F): %t topic, %p payload, %x %X payload in hex, %l its length, %q QoS, %r retain,
%m id, %j %J JSON, %I time, %U Unix time, %A %C %D %E %F %P %R %S properties of MQTT 5;
@X as strftime's %X, @N nanoseconds; \\n \\t \\0 and other characters.

Exit code: 0; 27 after -W; 1 to 5 and 128 to 159 the server refused the connection with that
code; other errors 1 and more.
`,
} as const;

/** The text for `--help`. */
export function clientHelp(command: ClientCommand): string {
  const sections = [
    section(command === 'pub' ? 'Messages' : 'Output', [
      ...commonRules,
      ...(command === 'pub' ? pubRules : subRules),
    ]),
    section('Connection', connectionRules),
    section('TLS', tlsRules),
  ];
  return `${purposes[command]}\n${sections.join('\n')}\n${endings[command]}`;
}

/** The text for `--version`. */
export function clientVersion(command: ClientCommand): string {
  const path = new URL('../../package.json', import.meta.url);
  const description: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const isRecord = typeof description === 'object' && description !== null;
  const version = isRecord && 'version' in description ? String(description.version) : 'unknown';
  return `linnet ${command} version ${version}\n`;
}

function section(title: string, rules: readonly OptionRule[]): string {
  const lines = rules.filter(({ help }) => help !== '').map(line);
  return `${title}\n${lines.join('\n')}\n`;
}

function line(rule: OptionRule): string {
  const flags = [...rule.names, ...rule.values.map((value) => value.replaceAll(' ', '-'))];
  const left = `  ${flags.join(' ')}`;
  return left.length < 34
    ? `${left.padEnd(34)}${rule.help}`
    : `${left}\n${' '.repeat(34)}${rule.help}`;
}
