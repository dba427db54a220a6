/** What a person sees when the broker is ready: where it is reached, and what is worth knowing. */
import { relative } from 'node:path';
import picocolors from 'picocolors';
import type { Config, LoadedConfig } from '../config/index.ts';
import type { Listener } from '../listener/index.ts';

export interface BannerFacts {
  readonly version: string;
  readonly startMs: number;
  readonly loaded: LoadedConfig;
  readonly listeners: readonly Listener[];
  readonly hasColors: boolean;
  readonly cwd: string;
}

type Colors = ReturnType<typeof picocolors.createColors>;

const labels: Readonly<Record<string, string>> = {
  tcp: 'MQTT',
  tls: 'MQTT + TLS',
  ws: 'WebSocket',
  wss: 'WebSocket + TLS',
  unix: 'Unix socket',
};

export function renderBanner(facts: BannerFacts): string {
  const colors = picocolors.createColors(facts.hasColors);
  const { config } = facts.loaded;
  const lines = [
    '',
    `  ${colors.bold(`linnet ${facts.version}`)}   ready in ${facts.startMs} ms   ${colors.dim(sources(facts))}`,
    '',
    ...facts.listeners.map((listener) =>
      entry(labels[listener.options.type] ?? listener.options.type, urlsOf(listener), colors),
    ),
    ...serialEntries(config, colors),
    '',
    ...notices(config).flatMap(({ text, fix }) => [
      `  ${colors.yellow('!')} ${text}`,
      `    ${colors.dim('fix')}  ${fix}`,
    ]),
    '',
    `  ${colors.dim('try')}    linnet sub -t '#' -v      linnet pub -t hello -m hi      Ctrl-C stops`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}

function entry(label: string, text: string, colors: Colors): string {
  return `  ${label.padEnd(16)}${colors.cyan(text)}`;
}

/** The first addresses are the most useful; more would push them off the screen. */
function urlsOf(listener: Listener): string {
  return listener.urls.slice(0, 3).join('    ');
}

function serialEntries(config: Config, colors: Colors): string[] {
  if (!config.serial.isEnabled) return [];
  return config.serial.ports.map((port) => {
    const device = port.path ?? JSON.stringify(port.match);
    return entry('Serial', `${device} @${port.line.baud}  → ${port.baseTopic}+`, colors);
  });
}

function sources({ loaded, cwd }: BannerFacts): string {
  const { config, files } = loaded;
  const parts = [config.ephemeral ? 'nothing is stored' : `data ${shown(config.dataDir, cwd)}`];
  const from = [
    files.config,
    files.env === undefined ? undefined : `${files.env} (${files.envCount})`,
    files.flagCount === 0
      ? undefined
      : `${files.flagCount} ${files.flagCount === 1 ? 'flag' : 'flags'}`,
  ].filter((part) => part !== undefined);
  parts.push(from.length === 0 ? 'defaults' : `config ${from.join(' + ')}`);
  return parts.join(' · ');
}

function shown(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') || short === '' ? path : `./${short}`;
}

interface Notice {
  readonly text: string;
  readonly fix: string;
}

/** What somebody who did not read the documentation has to know. */
export function notices(config: Config): Notice[] {
  const found: Notice[] = [];
  const { auth } = config;
  if (!auth.enabled && auth.allowAnonymous === 'private') {
    found.push({
      text: 'auth is off: anyone on this machine and its private networks can publish; public addresses are refused.',
      fix: 'BROKER_ENABLE_AUTH=true with BROKER_USERNAME and BROKER_PASSWORD',
    });
  }
  if (auth.allowAnonymous === true) {
    found.push({
      text: 'allow_anonymous is true: anyone who reaches a port can publish, also from public addresses.',
      fix: 'leave BROKER_ALLOW_ANONYMOUS unset (private networks only), or set it to false',
    });
  }
  if (auth.enabled && auth.usesShippedPassword) {
    found.push({
      text: `the password of "${auth.username}" is the shipped one: it is accepted from this machine only.`,
      fix: 'set BROKER_PASSWORD or BROKER_PASSWORD_FILE',
    });
  }
  const types = config.listeners.map((listener) => listener.type);
  if (types.includes('tls') && types.includes('tcp')) {
    found.push({
      text: 'TLS is on, and the plain port is open too.',
      fix: 'mqtt: { enabled: false } in linnet.yaml closes it',
    });
  }
  return found;
}
