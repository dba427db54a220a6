import { readFileSync } from 'node:fs';

/** A scenario, by the name it has in the results, and in words. */
export interface Row {
  readonly label: string;
  readonly text: string;
}

interface Run {
  readonly label: string;
  readonly name: string;
  readonly rep: number;
  readonly res: Readonly<Record<string, unknown>>;
}

/** What must be 0, and what it means when it is not. */
const faultNames: Readonly<Record<string, string>> = {
  lost: 'lost',
  dup: 'came twice',
  ooo: 'out of order',
  stray: 'at the wrong subscriber',
  corrupt: 'damaged',
  proto_err: 'unexpected packets',
  nack: 'refused',
  missing: 'Retained Messages missing',
  failed: 'connections failed',
};

/** Runs of a load generator against several brokers. A run that failed counts in no median. */
export class Results {
  private readonly runs: readonly Run[];

  constructor(runs: readonly Run[]) {
    this.runs = runs;
  }

  static read(file: string): Results {
    const lines = readFileSync(file, 'utf8').split('\n');
    return new Results(lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Run));
  }

  get repetitions(): number {
    return new Set(this.runs.map(({ rep }) => rep)).size;
  }

  has(broker: string): boolean {
    return this.runs.some(({ name }) => name === broker);
  }

  /** In the order in which they ran. */
  rows(match: RegExp): Row[] {
    const labels = new Set(
      this.runs.map(({ label }) => label).filter((label) => match.test(label)),
    );
    return [...labels].map((label) => ({ label, text: inWords(label) }));
  }

  /** @param key of the generator's report; `a.b` is member b of member a */
  median(label: string, broker: string, key: string): number | undefined {
    const sorted = this.of(label, broker)
      .map(({ res }) => valueAt(res, key))
      .filter((value) => value !== undefined)
      .sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    const [low, high] = [sorted[middle - 1], sorted[middle]];
    if (sorted.length % 2 === 1 || low === undefined || high === undefined) return high;
    return (low + high) / 2;
  }

  /** Runs that failed, and messages that were not as they should be, in sentences. */
  faults(): string[] {
    const failed = this.runs
      .filter(({ res }) => res['error'] !== undefined)
      .map(({ label, name, res }) => `${inWords(label)}, ${name}: ${String(res['error'])}`);
    const counted = this.runs.flatMap(({ label, name, res }) =>
      Object.entries(faultNames)
        .filter(([key]) => (valueAt(res, key) ?? 0) > 0)
        .map(([key, text]) => `${inWords(label)}, ${name}: ${valueAt(res, key)} ${text}`),
    );
    return [...failed, ...counted];
  }

  private of(label: string, broker: string): readonly Run[] {
    return this.runs.filter(
      (run) => run.label === label && run.name === broker && run.res['error'] === undefined,
    );
  }
}

function valueAt(report: unknown, key: string): number | undefined {
  let value = report;
  for (const part of key.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[part];
  }
  return typeof value === 'number' ? value : undefined;
}

/** What the parts of a scenario's name mean. */
const patterns: readonly (readonly [RegExp, (...groups: string[]) => string])[] = [
  [/^v5-(.+)$/, (rest) => `MQTT 5: ${inWords(rest)}`],
  [/^p2p-q(\d)-n(\d+)-(\d+)$/, (qos, n, bytes) => `${pairs(n)}, QoS ${qos}, ${size(bytes)}`],
  [/^fanout-q(\d)-s(\d+)$/, (qos, n) => `one to ${thousands(n)}, QoS ${qos}, 256 B`],
  [/^fanin(\d+)-q(\d)$/, (n, qos) => `${thousands(n)} to one, QoS ${qos}, 256 B`],
  [
    /^share(\d+)x(\d+)-q(\d)$/,
    (n, members, qos) => `${thousands(n)} to a share of ${members}, QoS ${qos}, 256 B`,
  ],
  [/^subs(\d+)k$/, (n) => `10 pairs, QoS 0, 256 B, beside ${n},000 subscriptions`],
  [/^rate-q(\d)-(\d+)k$/, (qos, n) => `50 pairs, ${n},000 a second, QoS ${qos}, 256 B`],
  [/^conn(\d+)k$/, (n) => `${n},000 connections`],
  [/^retain(\d+)k$/, (n) => `${n},000 Retained Messages of 256 B`],
  [/^offline(\d+)k$/, (n) => `${n},000 messages of 256 B, QoS 1`],
];

/** The name itself when it is none of the known ones. */
function inWords(label: string): string {
  for (const [pattern, text] of patterns) {
    const match = pattern.exec(label);
    if (match !== null) return text(...match.slice(1));
  }
  return label;
}

function pairs(count = ''): string {
  return count === '1' ? '1 pair' : `${count} pairs`;
}

function size(bytes = ''): string {
  const count = Number(bytes);
  return count % 1024 === 0 ? `${count / 1024} KiB` : `${count} B`;
}

function thousands(count = ''): string {
  return Number(count).toLocaleString('en-US');
}
