/**
 * The schema as a list: every single setting with its path, words and default. What can be named without a
 * list index or a name chosen by the user is here; entries of `listeners:` and `serial.ports:` have their
 * own lists.
 */
import { z } from 'zod';
import { serialOptionsSchema } from '../gateway/serial/index.ts';
import { configSchema } from './schema.ts';
import { bareSchema, defaultOf, metaOf, type SettingMeta, schemaAt } from './setting.ts';

export interface Setting {
  /** `mqtt.port` */
  readonly path: string;
  readonly schema: z.core.$ZodType;
  readonly meta: SettingMeta;
  /** As it would be written; undefined = none. */
  readonly defaultValue: unknown;
}

/** All settings below an object schema. Maps and lists count as one setting. */
export function settingsBelow(schema: z.core.$ZodType, prefix: string): readonly Setting[] {
  const bare = bareSchema(schema);
  if (bare instanceof z.ZodObject) {
    return Object.entries(bare.shape).flatMap(([key, field]) =>
      settingsBelow(field, prefix === '' ? key : `${prefix}.${key}`),
    );
  }
  return [{ path: prefix, schema, meta: metaOf(schema), defaultValue: defaultOf(schema) }];
}

/** Variables that set the one serial port most people have; the port's own schema knows nothing of them. */
export const serialPortVariables: ReadonlyMap<string, string> = new Map([
  ['path', 'BROKER_SERIAL_PORT'],
  ['baud', 'BROKER_SERIAL_BAUD'],
  ['base_topic', 'BROKER_SERIAL_BASE_TOPIC'],
  ['publish', 'BROKER_SERIAL_PUBLISH'],
]);

const firstPort = 'serial.ports[0]';

function serialSettings(): readonly Setting[] {
  const ports = schemaAt(serialOptionsSchema, ['ports', 0]);
  return ports === undefined ? [] : settingsBelow(ports, firstPort);
}

/** Settings of a serial port, as of the first one: `serial.ports[0].baud`. */
export const serialPortSettings: readonly Setting[] = serialSettings().map((setting) => {
  const variable = serialPortVariables.get(setting.path.slice(firstPort.length + 1));
  return variable === undefined ? setting : { ...setting, meta: { ...setting.meta, variable } };
});

/** Settings that one path names; `serial.enabled` gets its variable here, as its folder knows none. */
export const settings: readonly Setting[] = settingsBelow(configSchema, '').map((setting) =>
  setting.path === 'serial.enabled'
    ? {
        ...setting,
        meta: {
          ...setting.meta,
          variable: 'BROKER_SERIAL_ENABLED',
          defaultText: 'true once a port is named',
        },
      }
    : setting,
);

const byPath: ReadonlyMap<string, Setting> = new Map(
  [...settings, ...serialPortSettings].map((setting) => [setting.path, setting]),
);

/** @param path `mqtt.port`, `serial.ports[0].baud` */
export function settingAt(path: string): Setting | undefined {
  return byPath.get(path.replace(/^serial\.ports\[\d+\]/, firstPort));
}

export function isSecret(path: string): boolean {
  return settingAt(path)?.meta.secret === true;
}

/** `['serial', 'ports', 0, 'baud']` as `serial.ports[0].baud`. */
export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** The reverse of `pathText`. */
export function pathParts(text: string): readonly (string | number)[] {
  return [...text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map((match) =>
    match[1] === undefined ? (match[2] ?? '') : Number(match[1]),
  );
}
