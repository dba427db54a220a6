/** What the model found wrong. Its text is all that is needed to see it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure';
}

interface Event {
  readonly step: number;
  readonly atMs: number;
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Events kept of each client. */
const eventsMax = 60;

/** The last events of each client, put into words only when something failed. */
export class Trace {
  step = 0;
  private readonly nowMs: () => number;
  private readonly byClient = new Map<string, Event[]>();
  private startMs: number | undefined;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  add(client: string, text: string, ...values: readonly unknown[]): void {
    let events = this.byClient.get(client);
    if (events === undefined) {
      events = [];
      this.byClient.set(client, events);
    }
    this.startMs ??= this.nowMs();
    events.push({ step: this.step, atMs: this.nowMs() - this.startMs, text, values });
    if (events.length > 2 * eventsMax) events.splice(0, eventsMax);
  }

  /** One line for each event of these clients. */
  tell(clients: readonly string[]): string {
    const lines: string[] = [];
    for (const client of new Set(clients)) {
      lines.push(`  last events of ${client}:`);
      for (const { step, atMs, text, values } of (this.byClient.get(client) ?? []).slice(
        -eventsMax,
      )) {
        const words = values.map((value) => JSON.stringify(value)).join(' ');
        lines.push(`    step ${step} ${(atMs / 1000).toFixed(1)} s: ${text} ${words}`);
      }
    }
    return lines.join('\n');
  }
}
