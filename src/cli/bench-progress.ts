/** What `linnet bench` says while it runs: a line a second on a terminal, otherwise one each 10 %. */
import type { LoadPlan, LoadProgress } from '../workload/index.ts';
import { whole } from './bench-summary.ts';
import type { CommandIo } from './command-io.ts';

const everyMs = 1000;
const stepPercent = 10;
/** Without an end there is no percentage. */
const endlessEveryMs = 10_000;

export class BenchProgress {
  readonly #plan: LoadPlan;
  readonly #io: CommandIo;
  /** Of the run with its warm-up, or of connecting. */
  #shownStep = 0;
  #last: LoadProgress | undefined;

  constructor(plan: LoadPlan, io: CommandIo) {
    this.#plan = plan;
    this.#io = io;
  }

  /** How often `show` wants to be called. */
  get everyMs(): number {
    if (this.#io.isTty) return everyMs;
    if (this.#totalMs === Number.POSITIVE_INFINITY) return endlessEveryMs;
    return Math.min(everyMs, Math.max(10, this.#totalMs / (100 / stepPercent)));
  }

  show(progress: LoadProgress): void {
    const line = this.#io.isTty ? this.#second(progress) : this.#step(progress);
    this.#last = progress;
    if (line !== undefined) this.#io.stderr.write(`${line}\n`);
  }

  get #totalMs(): number {
    return this.#plan.warmupMs + this.#plan.durationMs;
  }

  #second(progress: LoadProgress): string {
    const { phase, elapsedMs } = progress;
    if (phase === 'connecting') return `  connecting   ${this.#connectingText(progress)}`;
    const seconds = `${Math.round(elapsedMs / 1000)} s`.padStart(7);
    return `${seconds}   ${phase.padEnd(11)}   ${this.#ratesText(progress)}`;
  }

  /** undefined until the next tenth is reached. */
  #step(progress: LoadProgress): string | undefined {
    const { phase, elapsedMs, counts } = progress;
    if (phase === 'connecting') {
      if (this.#plan.kind !== 'conn') return undefined;
      const percent = this.#reached(counts.opened / this.#plan.idleCount);
      return percent === undefined ? undefined : `${percent} %   ${this.#connectingText(progress)}`;
    }
    if (this.#plan.kind === 'conn') return undefined;
    if (this.#totalMs === Number.POSITIVE_INFINITY) return this.#second(progress);
    const percent = this.#reached(elapsedMs / this.#totalMs);
    return percent === undefined ? undefined : `${percent} %   ${this.#totalsText(progress)}`;
  }

  #reached(share: number): string | undefined {
    const step = Math.min(100 / stepPercent, Math.floor((share * 100) / stepPercent + 1e-9));
    if (step <= this.#shownStep) return undefined;
    this.#shownStep = step;
    return String(step * stepPercent).padStart(5);
  }

  #connectingText({ counts }: LoadProgress): string {
    const { publisherCount, subscriberCount, idleCount } = this.#plan;
    const all = publisherCount + subscriberCount + idleCount;
    const failed = counts.failed === 0 ? '' : `   failed ${whole(counts.failed)}`;
    return `${whole(counts.opened)} of ${whole(all)}${failed}`;
  }

  /** Since the line before. */
  #ratesText({ atMs, counts }: LoadProgress): string {
    const last = this.#last;
    const seconds = last === undefined ? 0 : (atMs - last.atMs) / 1000;
    const rate = (now: number, before = 0): string =>
      `${whole(seconds === 0 ? 0 : (now - before) / seconds)}/s`;
    const parts: string[] = [];
    if (this.#plan.publisherCount > 0) {
      parts.push(`published ${rate(counts.published, last?.counts.published)}`);
    }
    if (this.#plan.subscriberCount > 0) {
      const before = last === undefined ? 0 : last.counts.received + last.counts.foreign;
      parts.push(`received ${rate(counts.received + counts.foreign, before)}`);
    }
    if (parts.length === 0) parts.push(`${whole(counts.opened - counts.dropped)} connected`);
    return parts.join('   ');
  }

  #totalsText({ counts }: LoadProgress): string {
    const parts: string[] = [];
    if (this.#plan.publisherCount > 0) parts.push(`published ${whole(counts.published)}`);
    if (this.#plan.subscriberCount > 0) {
      parts.push(`received ${whole(counts.received + counts.foreign)}`);
    }
    return parts.join('   ');
  }
}
