/**
 * What `linnet config init` writes: every setting with its default, all of it commented out. Lines with
 * `##` explain; taking `# ` away from the others gives a file that says what the defaults say.
 */
import { Document } from 'yaml';
import { sectionViews } from './default-text.ts';
import type { Setting } from './settings.ts';

const examples: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'listeners',
    [
      'plain:  { type: tcp, bind: 127.0.0.1:1883 }',
      'secure: { type: tls, bind: 0.0.0.0:8883, cert_file: server.crt, key_file: server.key }',
    ],
  ],
  ['queue.topics', ["- { filter: 'status/#', overflow: keep-latest }"]],
  ['serial.ports', ['- { name: esp32-a, path: /dev/ttyUSB0, baud: 115200 }']],
]);

/** @param schemaLocation path or URL of the JSON Schema, for completion in editors */
export function renderInitFile(schemaLocation: string): string {
  const lines = [
    `# yaml-language-server: $schema=${schemaLocation}`,
    '## Configuration of linnet. Every line is commented out and shows the default:',
    '## take "# " away from what you change, and from the line of its section.',
  ];
  for (const { name, description, settings, isSingle, isLater } of sectionViews) {
    if (isLater) continue;
    lines.push('##');
    if (!isSingle) lines.push(`## ${description}`, `# ${name}:`);
    const open: string[] = [];
    for (const setting of settings.filter(({ defaultValue, path }) =>
      isShown(path, defaultValue),
    )) {
      lines.push(...settingLines(setting, open));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** Keys of later versions have neither a default nor a meaning yet. */
function isShown(path: string, defaultValue: unknown): boolean {
  return !(path === 'auth.password_file' && defaultValue === undefined);
}

/** @param open the mappings below the section whose line is already written, `rotation` */
function settingLines(setting: Setting, open: string[]): readonly string[] {
  const keys = setting.path.split('.');
  const lines: string[] = [];
  keys.slice(1, -1).forEach((key, depth) => {
    if (open[depth] === key) return;
    open.splice(depth);
    open.push(key);
    lines.push(`# ${'  '.repeat(depth + 1)}${key}:`);
  });
  open.splice(Math.max(0, keys.length - 2));
  const indent = '  '.repeat(keys.length - 1);
  const { description = '', unit, defaultText } = setting.meta;
  const notes = [description, unit === undefined ? '' : `Unit: ${unit}.`];
  if (defaultText !== undefined) notes.push(`Default: ${defaultText}.`);
  lines.push(`## ${indent}${notes.filter((note) => note !== '').join(' ')}`);
  const example = examples.get(setting.path) ?? [];
  lines.push(
    ...example.map(
      (line, index) => `## ${indent}${index === 0 ? 'Such as: ' : '         '}${line}`,
    ),
  );
  lines.push(`# ${indent}${keys.at(-1)}:${valueText(setting)}`);
  return lines;
}

function valueText({ defaultValue, meta }: Setting): string {
  if (defaultValue === undefined || defaultValue === '' || meta.defaultText !== undefined)
    return '';
  const document = new Document(defaultValue);
  const text = document.toString({
    lineWidth: 0,
    collectionStyle: 'flow',
    flowCollectionPadding: false,
  });
  return ` ${text.trim()}`;
}
