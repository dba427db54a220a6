import { type BrokerPlugin, SharedStrategy } from '../../src/broker/index.ts';

/** What makes one run; two runs with equal options do exactly the same. */
export interface SimulationOptions {
  /** What it is called in tests and reports. */
  readonly variant: string;
  readonly seed: number;
  readonly clients: number;
  readonly steps: number;
  /** Authenticators and authorizers answer in a later turn, and refuse some. */
  readonly lateDecisions: boolean;
  /** The store's watermark lags behind by chance. */
  readonly laggingStore: boolean;
  readonly queueQoS0Offline: boolean;
  /** Most QoS 1 and 2 messages that wait for one session; 0 = no limit, and then none may be dropped. */
  readonly queuedMessagesMax: number;
  readonly sharedStrategy: SharedStrategy;
  /** Plugins besides those of the simulation: to see that a broker that does wrong does not pass. */
  readonly plugins: readonly BrokerPlugin[];
}

export const plainOptions: Omit<SimulationOptions, 'seed'> = {
  variant: 'plain',
  clients: 400,
  steps: 6000,
  lateDecisions: false,
  laggingStore: false,
  queueQoS0Offline: false,
  queuedMessagesMax: 0,
  sharedStrategy: SharedStrategy.roundRobin,
  plugins: [],
};

/** What the environment asks for instead: to replay a failure, or to run for longer. */
export interface Overrides {
  readonly seed: number | undefined;
  /** Seeds of each variant, from the given one or the variant's own. */
  readonly seeds: number | undefined;
  readonly steps: number | undefined;
  readonly clients: number | undefined;
}

export function overridesFrom(env: NodeJS.ProcessEnv): Overrides {
  return {
    seed: wholeNumber(env, 'LINNET_SIM_SEED'),
    seeds: wholeNumber(env, 'LINNET_SIM_SEEDS'),
    steps: wholeNumber(env, 'LINNET_SIM_STEPS'),
    clients: wholeNumber(env, 'LINNET_SIM_CLIENTS'),
  };
}

function wholeNumber(env: NodeJS.ProcessEnv, name: string): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new Error(`${name} is "${text}"; it must be a whole number, such as ${name}=7`);
  }
  return value;
}
