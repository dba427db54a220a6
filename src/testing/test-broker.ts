/**
 * A broker without port, disk or clock, for tests: clients speak packets (or bytes) to it over links in
 * memory, and time passes only in `advance`. Everything is synchronous; only asynchronous hooks need
 * `await broker.settle()`.
 */
import {
  Broker,
  type BrokerPlugin,
  type BrokerSettings,
  defaultListenerPolicy,
  defaultSettings,
  History,
  type LinkOrigin,
  type ListenerPolicy,
  MemoryStore,
  type Store,
} from '../broker/index.ts';
import { TestClient } from './test-client.ts';
import { VirtualRuntime } from './virtual-runtime.ts';

export interface TestBrokerOptions {
  readonly settings?: Partial<Omit<BrokerSettings, 'limits'>> & {
    readonly limits?: Partial<BrokerSettings['limits']>;
  };
  readonly plugins?: readonly BrokerPlugin[];
  readonly store?: Store;
  readonly policy?: Partial<ListenerPolicy>;
  readonly seed?: number;
  /** Bytes of recent messages that are kept in memory; default 0. */
  readonly historyBytes?: number;
}

export class TestBroker {
  readonly broker: Broker;
  readonly runtime: VirtualRuntime;
  readonly policy: ListenerPolicy;
  readonly history: History | undefined;
  /** What observers and hooks of the broker reported as bugs; a test that ends with some has failed. */
  readonly internalErrors: unknown[] = [];

  constructor(options: TestBrokerOptions = {}) {
    this.runtime = new VirtualRuntime(options.seed);
    this.policy = { ...defaultListenerPolicy, ...options.policy };
    const { limits, ...settings } = options.settings ?? {};
    const watcher: BrokerPlugin = {
      name: 'test-broker',
      internalError: (_where, error) => {
        this.internalErrors.push(error);
      },
    };
    const afterTurn = (callback: () => void): void => this.runtime.afterTurn(callback);
    const memoryBytes = options.historyBytes ?? 0;
    this.history = memoryBytes > 0 ? new History({ memoryBytes, afterTurn }) : undefined;
    this.broker = new Broker({
      settings: {
        ...defaultSettings,
        ...settings,
        limits: { ...defaultSettings.limits, ...limits },
      },
      runtime: this.runtime,
      store: options.store ?? new MemoryStore(),
      plugins: [...(options.plugins ?? []), watcher],
      history: this.history,
    });
  }

  /** A carrier to the broker on which nothing was said yet. */
  open(origin: Partial<LinkOrigin> = {}, policy: Partial<ListenerPolicy> = {}): TestClient {
    return new TestClient(this, origin, { ...this.policy, ...policy });
  }

  /** Lets the broker finish its turn: what it wants to send is sent. */
  run(): void {
    this.runtime.runTurns();
  }

  /** Lets `ms` pass in steps of 100 ms, as the server's timer does. */
  advance(ms: number): void {
    let left = ms;
    while (left > 0) {
      const step = Math.min(100, left);
      this.runtime.elapse(step);
      left -= step;
      this.broker.tick();
      this.run();
    }
  }

  /** Waits until promises of asynchronous hooks were handled. */
  async settle(): Promise<void> {
    for (let i = 0; i < 10; i++) {
      await Promise.resolve();
      this.run();
    }
  }
}
