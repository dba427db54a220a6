/**
 * Which lines are shown where. There is one level for everything; a sink may have another one instead; a
 * module may have its own (`serial` also covers `serial.port`), which then counts in every sink; and lines
 * about a single client can be let through although its module is quieter. A sink with a level of its own
 * never shows less important lines than that.
 */
import { type LogLevel, parseLogLevel, reaches } from './log-level.ts';

/** `broker.acl` and `acl` are one module; `MQTTBroker` is `broker`. */
export function moduleKey(name: string): string {
  if (name === 'MQTTBroker') return 'broker';
  return name.startsWith('broker.') ? name.slice('broker.'.length) : name;
}

export class LevelTable {
  general: LogLevel;
  readonly modules: Map<string, LogLevel> = new Map();
  readonly clients: Map<string, LogLevel> = new Map();
  /** Every sink there is; undefined = follows the general level. */
  readonly sinks: Map<string, LogLevel | undefined> = new Map();

  /** @throws {LogLevelError} */
  constructor(general: string, modules: Readonly<Record<string, string>>) {
    this.general = parseLogLevel(general);
    for (const [name, level] of Object.entries(modules)) {
      this.modules.set(moduleKey(name), parseLogLevel(level));
    }
  }

  /** The level in force for the module with this key, where the sink has none. */
  of(key: string): LogLevel {
    return this.#own(key) ?? this.general;
  }

  /** What reaches this is shown by at least one sink. */
  lowestOf(key: string): LogLevel {
    const own = this.#own(key);
    if (own !== undefined) return own;
    const levels = [...this.sinks.values()].map((level) => level ?? this.general);
    return levels.reduce((a, b) => (reaches(a, b) ? b : a), 'ERROR');
  }

  passesForClient(level: LogLevel, clientId: unknown): boolean {
    if (this.clients.size === 0 || typeof clientId !== 'string') return false;
    const threshold = this.clients.get(clientId);
    return threshold !== undefined && reaches(level, threshold);
  }

  isShown(sink: string, level: LogLevel, module: string, clientId: unknown): boolean {
    const ofSink = this.sinks.get(sink);
    if (ofSink !== undefined && !reaches(level, ofSink)) return false;
    if (this.passesForClient(level, clientId)) return true;
    return reaches(level, this.#own(module) ?? ofSink ?? this.general);
  }

  #own(key: string): LogLevel | undefined {
    for (let name = key; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
      const own = this.modules.get(name);
      if (own !== undefined) return own;
    }
    return undefined;
  }
}
