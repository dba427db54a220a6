/**
 * What was published, for those who ask later: the most recent messages in a ring in memory, and those of
 * chosen topics in an archive for longer. Each message gets a number when it is kept; the ring holds every
 * number from its oldest on, so a reader takes what is older from the archive and the rest from the ring,
 * and meets no message twice and misses none that is there.
 *
 * A reader goes in bounded steps, each from where the last one ended. It holds no place that would have to
 * be kept for it, so old messages go when they must, however slow a reader is.
 */
import { type Message, neverExpires } from '../session/index.ts';
import {
  covers,
  type HistoryArchive,
  type HistoryRange,
  type HistoryStep,
  type KeptMessage,
  restOf,
} from './history-range.ts';
import { HistoryRing } from './history-ring.ts';
import type { MaybePromise } from './hooks.ts';

export interface HistoryOptions {
  /** Of the ring; 0 = none. */
  readonly memoryBytes: number;
  /** Ends a piece of work, so that others get their turn. */
  readonly afterTurn: (callback: () => void) => void;
}

export interface HistoryQuery {
  readonly topicFilter: string;
  /** Received at that time or later, milliseconds since the epoch. */
  readonly fromMs?: number | undefined;
  /** Received at that time or earlier. */
  readonly toMs?: number | undefined;
  /** Only the newest so many, in the order of their arrival. Not together with `newestFirst` or `cursor`. */
  readonly last?: number | undefined;
  /** No more than so many. */
  readonly limit?: number | undefined;
  readonly newestFirst?: boolean | undefined;
  /** Goes on behind a page that was got before, with the same filter and order. */
  readonly cursor?: string | undefined;
}

export interface HistoryPage {
  readonly messages: readonly KeptMessage[];
  /** Where a later query goes on. */
  readonly cursor: string;
}

export interface HistoryStatus {
  readonly memoryMessages: number;
  readonly memoryBytes: number;
}

export class History {
  private readonly ring: HistoryRing | undefined;
  private readonly options: HistoryOptions;
  private archive: HistoryArchive | undefined;
  private number = 1;

  constructor(options: HistoryOptions) {
    this.options = options;
    this.ring = options.memoryBytes > 0 ? new HistoryRing(options.memoryBytes, 1) : undefined;
  }

  /** To be called before the first message: numbers go on where those of the archive ended. */
  attach(archive: HistoryArchive): void {
    if (this.number !== 1) throw new Error('messages were recorded before the archive was there');
    this.archive = archive;
    this.number = archive.nextNumber;
    if (this.ring !== undefined) this.ring.nextNumber = archive.nextNumber;
  }

  /** Of the message that is recorded next. */
  get nextNumber(): number {
    return this.number;
  }

  status(): HistoryStatus {
    return { memoryMessages: this.ring?.count ?? 0, memoryBytes: this.ring?.costBytes ?? 0 };
  }

  /** A message was accepted. Topics that begin with `$` are kept only where a filter names them. */
  record(message: Message): void {
    const { ring, archive } = this;
    const { topicName } = message;
    const isArchived = archive?.wants(topicName) === true;
    if (!isArchived && (ring === undefined || topicName.charCodeAt(0) === 0x24)) return;
    const number = this.number++;
    ring?.add(message);
    if (isArchived) archive?.append(number, message);
  }

  /** Whether every message that the filter matches is kept, if only for a moment. */
  follows(topicFilter: string): boolean {
    if (this.ring !== undefined && !topicFilter.startsWith('$')) return true;
    return this.archives(topicFilter);
  }

  /** Whether every message that the filter matches is in the archive. */
  archives(topicFilter: string): boolean {
    const filters = this.archive?.topicFilters ?? [];
    return filters.some((filter) => covers(filter, topicFilter));
  }

  /** The number of the oldest message in memory. */
  get firstInMemory(): number {
    return this.ring?.firstNumber ?? this.number;
  }

  /** One step; at once where memory has the answer. */
  read(range: HistoryRange): MaybePromise<HistoryStep> {
    const { ring, archive } = this;
    const first = this.firstInMemory;
    if (range.from >= Math.min(range.to, this.number)) return { found: [], rest: undefined };
    if (archive === undefined || range.from >= first) {
      return ring?.read(range) ?? { found: [], rest: undefined };
    }
    if (range.newestFirst) {
      if (ring === undefined || range.to <= first) return archive.read(range);
      const step = ring.read({ ...range, from: first });
      return { found: step.found, rest: restOf(range, step.rest?.to ?? first) };
    }
    const to = Math.min(range.to, first);
    return archive.read({ ...range, to }).then((step) => ({
      found: step.found,
      rest: restOf(range, step.rest?.from ?? to),
    }));
  }

  /** The number of the oldest of the newest `count` messages in a range; the end of the range for none. */
  async startOfLast(range: HistoryRange, count: number): Promise<number> {
    let rest: HistoryRange | undefined = { ...range, newestFirst: true };
    let left = count;
    let start = Math.min(range.to, this.number);
    while (rest !== undefined && left > 0) {
      const step: HistoryStep = await this.read(rest);
      const taken = step.found.slice(0, left);
      left -= taken.length;
      start = taken.at(-1)?.number ?? start;
      rest = step.rest;
      if (rest !== undefined && left > 0) await this.turn();
    }
    return start;
  }

  /** What was kept up to this moment, page by page; others get their turn in between. */
  async *query(query: HistoryQuery): AsyncGenerator<HistoryPage, void, undefined> {
    let left = query.limit ?? Infinity;
    let rest: HistoryRange | undefined = await this.rangeOf(query);
    while (rest !== undefined && left > 0) {
      const step: HistoryStep = await this.read(rest);
      const messages = step.found.slice(0, left);
      left -= messages.length;
      const next = this.nextAfter(messages, step, rest);
      if (messages.length > 0) yield { messages, cursor: String(next) };
      rest = step.rest;
      if (rest !== undefined && left > 0) await this.turn();
    }
  }

  private async rangeOf(query: HistoryQuery): Promise<HistoryRange> {
    const { topicFilter, newestFirst = false, last, cursor } = query;
    const range: HistoryRange = {
      topicFilter,
      from: 1,
      to: this.number,
      fromMs: query.fromMs ?? -neverExpires,
      toMs: query.toMs ?? neverExpires,
      newestFirst,
    };
    if (cursor !== undefined) {
      const next = Number(cursor);
      return newestFirst ? { ...range, to: Math.min(next, range.to) } : { ...range, from: next };
    }
    return last === undefined ? range : { ...range, from: await this.startOfLast(range, last) };
  }

  private nextAfter(
    messages: readonly KeptMessage[],
    step: HistoryStep,
    { newestFirst, from, to }: HistoryRange,
  ): number {
    const lastNumber = messages.at(-1)?.number;
    if (messages.length < step.found.length && lastNumber !== undefined) {
      return newestFirst ? lastNumber : lastNumber + 1;
    }
    return newestFirst ? (step.rest?.to ?? from) : (step.rest?.from ?? to);
  }

  private turn(): Promise<void> {
    return new Promise((resolve) => this.options.afterTurn(resolve));
  }
}
