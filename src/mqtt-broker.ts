import type { BrokerPlugin } from './broker/index.ts';
import type { ConfigInput } from './config/index.ts';
import { createServer, createServerFromEnvironment } from './create-server.ts';
import type { Server } from './server.ts';
import type { Statistics } from './telemetry/index.ts';

/**
 * A broker as an object to start and stop, as often as wanted. Without a configuration it takes the
 * environment's, as the command line does.
 */
export class MQTTBroker {
  private readonly config: ConfigInput | undefined;
  private readonly plugins: readonly BrokerPlugin[];
  private server: Server | undefined;

  /** @throws nothing yet: the configuration is read by `start` */
  constructor(config?: ConfigInput, plugins: readonly BrokerPlugin[] = []) {
    this.config = config;
    this.plugins = plugins;
  }

  /**
   * Does nothing when it runs already.
   *
   * @throws {ConfigError} with everything that is wrong in the configuration
   * @throws {ListenError} when an address cannot be taken
   */
  async start(): Promise<void> {
    if (this.server !== undefined) return;
    const options = { plugins: this.plugins };
    const server =
      this.config === undefined
        ? createServerFromEnvironment(options)
        : createServer(this.config, options);
    this.server = server;
    try {
      await server.start();
    } catch (error) {
      this.server = undefined;
      throw error;
    }
  }

  /** Ends gracefully; does nothing when it does not run. */
  async stop(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    await server?.stop();
  }

  /** @throws {Error} while the broker does not run */
  getStatistics(): Statistics {
    if (this.server === undefined) throw new Error('the broker does not run: call start() first');
    return this.server.getStatistics();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
