/** Where a value came from. Each value of the configuration has one, so that errors can point at it. */

export type Source = 'flag' | 'environment' | '.env' | 'file' | 'object' | 'default';

export interface Origin {
  readonly source: Source;
  /** The flag, the variable, or the file as it is called in messages. */
  readonly name: string;
  /** With `.env` and `file`: the file as it is called in messages. */
  readonly file: string | undefined;
  /** Counted from 1. */
  readonly line: number | undefined;
  readonly column: number | undefined;
}

export const defaultOrigin: Origin = plainOrigin('default', 'default');

export function plainOrigin(source: Source, name: string): Origin {
  return { source, name, file: undefined, line: undefined, column: undefined };
}

/** `linnet.yaml:4:3`, `BROKER_MQTT_PORT`, `BROKER_MQTT_PORT, .env:2`, `--mqtt-port`, `config object`. */
export function originText(origin: Origin): string {
  if (origin.source === 'file') return filePlace(origin);
  return origin.source === '.env' ? `${origin.name}, ${filePlace(origin)}` : origin.name;
}

/** `linnet.yaml:4:3`, `.env:2`, or the file alone. */
export function filePlace({ file, line, column }: Origin): string {
  return [file, line, column].filter((part) => part !== undefined).join(':');
}
