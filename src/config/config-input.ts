/**
 * What a program may hand to `createServer` or `new MQTTBroker`: the file format as a type, every key in
 * any of its spellings (`max_connections`, `max-connections`, `maxConnections`), every value as it may be
 * written. Texts are open so that an imported JSON file fits; the schema checks them.
 */
import type { ListenerSettingsInput } from '../listener/index.ts';
import type { CheckedSections } from './schema.ts';

type CamelCase<Key> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

type KebabCase<Key> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}-${KebabCase<Tail>}`
  : Key;

/** A value as it may be written where the schema returns `Value`. */
export type Written<Value> = Value extends string
  ? Value | (string & {})
  : Value extends number
    ? number | string
    : Value extends boolean
      ? boolean | string
      : Value extends readonly (infer Item)[]
        ? readonly Written<Item>[] | string
        : Value extends object
          ? {
              readonly [Key in keyof Value as Key | CamelCase<Key> | KebabCase<Key>]?:
                | Written<Value[Key]>
                | undefined;
            }
          : Value;

/** One entry of `listeners`, with the names that the seeds use. */
export type ListenerInput = Written<ListenerSettingsInput> & {
  readonly ssl?: boolean;
  readonly certfile?: string;
  readonly keyfile?: string;
  readonly cafile?: string;
};

/** Names as in the reference, `max_queued`; sizes and durations with units or plain. */
export type LimitsInput = Readonly<Record<string, number | string>>;

type Special = {
  readonly auth?: Written<CheckedSections['auth'] & { password_file: string }>;
  readonly listeners?: Readonly<Record<string, ListenerInput>>;
  readonly limits?: LimitsInput;
};

export type ConfigInput = Written<Omit<CheckedSections, keyof Special>> & Special;
