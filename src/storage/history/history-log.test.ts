import assert from 'node:assert/strict';
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { HistoryRange, HistoryStep } from '../../broker/index.ts';
import { Message } from '../../session/index.ts';
import { matches } from '../../topic/index.ts';
import { SeededChance } from '../seeded-chance.test-kit.ts';
import { HistoryLog, type HistoryLogOptions } from './history-log.ts';

const folder = mkdtempSync(join(tmpdir(), 'linnet-history-'));
after(() => rmSync(folder, { recursive: true }));

interface Sample {
  readonly number: number;
  readonly topicName: string;
  readonly text: string;
  readonly timeMs: number;
}

const everything: HistoryRange = {
  topicFilter: '#',
  from: 1,
  to: Infinity,
  fromMs: -Infinity,
  toMs: Infinity,
  newestFirst: false,
};

function messageOf({ topicName, text, timeMs }: Omit<Sample, 'number'>): Message {
  return new Message({
    topicName,
    payload: new TextEncoder().encode(text),
    qos: 1,
    retain: false,
    properties: { contentType: 'text' },
    publisherId: 'p',
    publisherName: undefined,
    nowMs: timeMs,
  });
}

async function readAll(log: HistoryLog, range: HistoryRange = everything): Promise<Sample[]> {
  const samples: Sample[] = [];
  let rest: HistoryRange | undefined = range;
  while (rest !== undefined) {
    const step: HistoryStep = await log.read(rest);
    for (const { number, message } of step.found) {
      assert.equal(message.properties?.contentType, 'text');
      const text = new TextDecoder().decode(message.payload);
      const { topicName, receivedAtMs: timeMs } = message;
      samples.push({ number, topicName, text, timeMs });
    }
    rest = step.rest;
  }
  return samples;
}

/** A history that is opened again and again, beside a list of what went into it. */
class Model {
  readonly directory: string;
  readonly reports: string[] = [];
  samples: Sample[] = [];
  number = 1;
  timeMs = 1_000_000;
  log: HistoryLog;
  private readonly options: Partial<HistoryLogOptions>;

  constructor(name: string, options: Partial<HistoryLogOptions> = {}) {
    this.directory = join(folder, name);
    this.options = options;
    this.log = this.open();
  }

  open(): HistoryLog {
    this.log = new HistoryLog({
      directory: this.directory,
      topicFilters: ['#'],
      maxAgeMs: 0,
      bytesMax: 1e12,
      segmentBytes: 200_000,
      report: (_level, text) => this.reports.push(text),
      ...this.options,
    });
    return this.log;
  }

  /** Appends as messages come: a few in each turn. */
  async appendAll(
    count: number,
    sampleOf: (i: number) => readonly [string, string],
  ): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.append(...sampleOf(i));
      if (i % 200 === 0) await readAll(this.log, { ...everything, from: this.number - 1 });
    }
  }

  append(topicName: string, text: string): void {
    const sample = { number: this.number++, topicName, text, timeMs: this.timeMs };
    this.samples.push(sample);
    this.log.append(sample.number, messageOf(sample));
  }

  expected({ topicFilter, from, to, fromMs, toMs, newestFirst }: HistoryRange): Sample[] {
    const found = this.samples.filter(
      (sample) =>
        sample.number >= from &&
        sample.number < to &&
        sample.timeMs >= fromMs &&
        sample.timeMs <= toMs &&
        matches(topicFilter, sample.topicName),
    );
    return newestFirst ? found.reverse() : found;
  }

  files(ending: string): string[] {
    const names = readdirSync(this.directory).filter((name) => name.endsWith(ending));
    return names.sort().map((name) => join(this.directory, name));
  }
}

/** Sidecars are things that may be lost or damaged at any time. */
function harmSidecars(model: Model, chance: SeededChance): void {
  for (const path of model.files('.index')) {
    const what = chance.below(6);
    if (what === 0) unlinkSync(path);
    else if (what === 1) truncateSync(path, chance.below(200));
    else if (what === 2) {
      const bytes = readFileSync(path);
      const at = chance.below(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      writeFileSync(path, bytes);
    }
  }
}

test('a history answers every range as a plain list would, over restarts and with any sidecar lost (12 seeds)', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const chance = new SeededChance(seed);
    const model = new Model(`model-${seed}`);
    for (let life = 0; life < 4; life++) {
      for (let count = chance.below(3000); count > 0; count--) {
        model.timeMs += chance.below(3);
        const length = chance.below(chance.below(300) === 0 ? 90_000 : 150);
        model.append(`t/${chance.below(6)}/${chance.below(40)}`, 'x'.repeat(length));
        if (chance.below(500) === 0)
          await readAll(model.log, { ...everything, topicFilter: 't/1/+' });
      }
      for (const topicFilter of ['#', 't/+/1', 't/3/#', 't/2/2', 'none']) {
        const from = 1 + chance.below(model.number);
        const fromMs = 1_000_000 + chance.below(model.timeMs - 999_999);
        const range = {
          topicFilter,
          from: chance.below(2) === 0 ? 1 : from,
          to: from + chance.below(model.number),
          fromMs: chance.below(2) === 0 ? 0 : fromMs,
          toMs: fromMs + chance.below(model.timeMs),
          newestFirst: chance.below(2) === 0,
        };
        const found = await readAll(model.log, range);
        assert.deepEqual(found, model.expected(range), `seed ${seed} ${JSON.stringify(range)}`);
      }
      assert.equal(model.log.status().messages, model.samples.length);
      await model.log.close();
      harmSidecars(model, chance);
      assert.equal(model.open().nextNumber, model.number);
    }
    await model.log.close();
  }
});

test('retention by size removes the oldest segments, and readers meet no hole in what is left', async () => {
  const model = new Model('size', { bytesMax: 1_000_000, segmentBytes: 100_000 });
  let reading = Promise.resolve<Sample[]>([]);
  for (let round = 0; round < 60; round++) {
    for (let i = 0; i < 200; i++) model.append(`a/${i % 10}`, 'y'.repeat(200));
    const before = model.number;
    reading = readAll(model.log, { ...everything, to: before });
    const found = await reading;
    const first = found[0]?.number ?? 0;
    const numbers = found.map(({ number }) => number);
    const gaps = numbers.filter(
      (number, index) => index > 0 && number <= (numbers[index - 1] ?? 0),
    );
    assert.deepEqual(gaps, []);
    assert.equal(numbers.at(-1), before - 1);
    // Whatever went while it was read went from the front.
    assert.ok(first >= 1 && numbers.length <= before - first);
  }
  await model.log.close();
  assert.ok(model.log.status().bytes <= 1_000_000, String(model.log.status().bytes));
  assert.ok(model.files('.log').length <= 11);
  assert.ok(model.files('.index').length >= model.files('.log').length - 1);
});

test('retention by age seals what is old enough and removes it', async () => {
  let nowMs = 5_000_000;
  const timers = new Set<() => void>();
  const scheduler = {
    nowMs: () => nowMs,
    afterTurn: (callback: () => void) => void setImmediate(callback),
    after: (_ms: number, callback: () => void) => {
      timers.add(callback);
      return () => timers.delete(callback);
    },
  };
  const model = new Model('age', { maxAgeMs: 16_000, scheduler });
  model.timeMs = nowMs;
  model.append('a', 'old');
  await readAll(model.log);
  const tick = async (): Promise<void> => {
    for (const callback of [...timers]) {
      timers.delete(callback);
      callback();
    }
    await readAll(model.log);
  };
  nowMs += 2000;
  await tick();
  model.timeMs = nowMs;
  model.append('a', 'new');
  assert.deepEqual(
    (await readAll(model.log)).map(({ text }) => text),
    ['old', 'new'],
  );
  nowMs += 15_000;
  for (let i = 0; i < 50 && model.log.status().segments > 1; i++) await tick();
  assert.deepEqual(
    (await readAll(model.log)).map(({ text }) => text),
    ['new'],
  );
  await model.log.close();
});

test('a damaged record costs itself, and what a crash left of the last one is cut off', async () => {
  const model = new Model('damage');
  await model.appendAll(6000, (i) => [`d/${i % 7}`, `message ${i} ${'z'.repeat(60)}`]);
  await model.log.close();
  const [first = '', ...others] = model.files('.log');
  assert.ok(others.length >= 2);
  const bytes = readFileSync(first);
  const at = bytes.indexOf('message 500 ');
  bytes[at] = 0x21;
  writeFileSync(first, bytes);
  const last = others.at(-1) ?? '';
  unlinkSync(last.replace('.log', '.index'));
  truncateSync(last, readFileSync(last).length - 100);
  const log = model.open();
  const texts = (await readAll(log)).map(({ number }) => number);
  const missing = model.samples.filter(({ number }) => !texts.includes(number));
  assert.deepEqual(
    missing.map(({ number }) => number),
    [501, 6000],
  );
  assert.equal(log.nextNumber, 6000);
  await log.close();
});

test('a segment whose index is lost too is read with the damage in it', async () => {
  const model = new Model('both');
  await model.appendAll(5000, (i) => ['d', `message ${i} ${'z'.repeat(60)}`]);
  await model.log.close();
  const [first = ''] = model.files('.log');
  const bytes = readFileSync(first);
  bytes.fill(0, bytes.indexOf('message 100 '), bytes.indexOf('message 110 '));
  writeFileSync(first, bytes);
  unlinkSync(first.replace('.log', '.index'));
  const log = model.open();
  const found = await readAll(log, { ...everything, topicFilter: 'd' });
  assert.equal(found.length, 5000 - 11);
  assert.match(model.reports.join('\n'), /was missing or damaged and was made again/);
  await log.close();
});

test('only the topics that are named are wanted', async () => {
  const model = new Model('wanted', { topicFilters: ['a/#', '$SYS/broker/uptime'] });
  assert.deepEqual(
    ['a', 'a/b', 'b', '$SYS/broker/uptime', '$SYS/x', 'a'].map((name) => model.log.wants(name)),
    [true, true, false, true, false, true],
  );
  await model.log.close();
});
