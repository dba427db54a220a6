import type { BrokerPlugin } from './broker/index.ts';
import { type Config, type ConfigInput, loadConfig, parseConfigObject } from './config/index.ts';
import { Server } from './server.ts';
import { createLog, type Log } from './telemetry/index.ts';

export interface CreateServerOptions {
  readonly plugins?: readonly BrokerPlugin[];
}

/**
 * A server as the command line runs it, with its defaults: MQTT on 1883, WebSocket on 9001, log on standard
 * error, control channel in the data directory. `start` it.
 *
 * @throws {ConfigError} with everything that is wrong in the configuration
 */
export function createServer(config: ConfigInput = {}, options: CreateServerOptions = {}): Server {
  return serverOf(parseConfigObject(config), options);
}

/** The same, configured by environment, `.env` and linnet.yaml as the command line is. */
export function createServerFromEnvironment(options: CreateServerOptions = {}): Server {
  return serverOf(loadConfig({ environment: process.env, cwd: process.cwd() }).config, options);
}

function serverOf(config: Config, options: CreateServerOptions): Server {
  return new Server({
    config,
    log: logOf(config),
    plugins: options.plugins ?? [],
    hasControlChannel: true,
  });
}

/** The log of a configuration, on standard error and in its file. */
export function logOf(config: Config, isTty: boolean = process.stderr.isTTY === true): Log {
  return createLog({
    level: config.log.level,
    levels: config.log.levels,
    consoleLevel: config.log.consoleLevel,
    fileLevel: config.log.fileLevel,
    format: config.log.format,
    file: config.log.file,
    directory: process.cwd(),
    rotation: config.log.rotation,
    isTty,
    console: process.stderr,
    now: () => Date.now(),
  });
}
