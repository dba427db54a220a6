import type { Logger } from 'pino';
import { fixedMessage } from './events.ts';
import { type LogFields, safeFields } from './log-fields.ts';
import { type LogLevel, pinoLevels } from './log-level.ts';
import type { LevelTable } from './log-levels.ts';

/**
 * A source of log lines. `fields` are shown by name; payloads and secrets are replaced. The field
 * `client` is the Client Identifier, by which lines about one client are found and let through.
 */
export interface ModuleLog {
  readonly name: string;
  debug(event: string, fields?: LogFields, message?: string): void;
  info(event: string, fields?: LogFields, message?: string): void;
  warning(event: string, fields?: LogFields, message?: string): void;
  error(event: string, fields?: LogFields, message?: string): void;
  write(level: LogLevel, event: string, fields?: LogFields, message?: string): void;
  /** Whether a line of this level would be written; saves making its fields. */
  isEnabled(level: LogLevel, clientId?: string): boolean;
}

export class PinoModuleLog implements ModuleLog {
  readonly name: string;
  readonly #levels: LevelTable;
  /** Passes what reaches the module's level. */
  readonly #gated: Logger;
  /** Passes everything; for lines about a watched client. */
  readonly #open: Logger;

  constructor(name: string, root: Logger, levels: LevelTable) {
    this.name = name;
    this.#levels = levels;
    this.#gated = root.child({});
    this.#open = root;
    this.applyLevel();
  }

  /** To be called when the table has changed. */
  applyLevel(): void {
    this.#gated.level = pinoLevels[this.#levels.lowestOf(this.name)];
  }

  debug(event: string, fields?: LogFields, message?: string): void {
    this.write('DEBUG', event, fields, message);
  }

  info(event: string, fields?: LogFields, message?: string): void {
    this.write('INFO', event, fields, message);
  }

  warning(event: string, fields?: LogFields, message?: string): void {
    this.write('WARNING', event, fields, message);
  }

  error(event: string, fields?: LogFields, message?: string): void {
    this.write('ERROR', event, fields, message);
  }

  write(level: LogLevel, event: string, fields: LogFields = {}, message?: string): void {
    const method = pinoLevels[level];
    let logger = this.#gated;
    if (!logger.isLevelEnabled(method)) {
      if (!this.#levels.passesForClient(level, fields['client'])) return;
      logger = this.#open;
    }
    const record = { module: this.name, event, ...safeFields(fields) };
    logger[method](record, message ?? fixedMessage(event));
  }

  isEnabled(level: LogLevel, clientId?: string): boolean {
    return (
      this.#gated.isLevelEnabled(pinoLevels[level]) || this.#levels.passesForClient(level, clientId)
    );
  }
}
