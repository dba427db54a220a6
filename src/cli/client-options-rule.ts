import type { ClientCommand, ClientSettings } from './client-options-settings.ts';
import { UsageError } from './client-options-value.ts';

/** One flag: its names, its values, its help text, and what it sets. */
export interface OptionRule {
  readonly names: readonly string[];
  /** Absent: both commands know it. */
  readonly only?: ClientCommand;
  /** What each value is, for messages and help. */
  readonly values: readonly string[];
  readonly help: string;
  readonly apply: (settings: ClientSettings, values: readonly string[]) => void;
  /** Whether one value more belongs to these. */
  readonly takesMore?: (values: readonly string[]) => boolean;
}

type Setter = (settings: ClientSettings, value: string) => void;

/** A flag with one value. */
export function option(names: string, value: string, help: string, set: Setter): OptionRule {
  const apply: OptionRule['apply'] = (settings, [given = '']) => set(settings, given);
  return { names: names.split(' '), values: [value], help, apply };
}

/** A flag without a value. */
export function flag(
  names: string,
  help: string,
  set: (settings: ClientSettings) => void,
): OptionRule {
  return { names: names.split(' '), values: [], help, apply: set };
}

/** Flags that one command alone has. */
export function only(command: ClientCommand, rules: readonly OptionRule[]): OptionRule[] {
  return rules.map((rule) => ({ ...rule, only: command }));
}

/** A flag of mosquitto's that cannot work here. */
export function unavailable(names: string, value: string, why: string): OptionRule {
  return option(names, value, '', () => {
    throw new UsageError(`${names} is not available here: ${why}`);
  });
}
