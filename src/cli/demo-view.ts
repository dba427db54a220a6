import picocolors from 'picocolors';
import type { CommandIo } from './command-io.ts';

export interface DemoFacts {
  readonly urls: readonly string[];
  readonly paths: readonly string[];
}

/** Shows what arrives, as a table that stays in place on a terminal, else line by line. */
export interface DemoView {
  arrived(topicName: string, payload: string): void;
  close(): void;
}

interface Reading {
  readonly values: Map<string, string>;
  lines: number;
  lastMs: number;
}

const redrawMs = 250;
const topicStart = 'iot/sensors/fromserial/';

export function createDemoView(io: CommandIo, facts: DemoFacts): DemoView {
  return io.isTty ? new TableView(io, facts) : new LineView(io, facts);
}

function intro({ urls, paths }: DemoFacts): string[] {
  return [
    `linnet demo   ${urls.join('   ')}`,
    `boards        ${paths.join('   ')}`,
    `watch too     linnet sub${portOf(urls)} -t 'iot/#' -v`,
  ];
}

function portOf([first = '']: readonly string[]): string {
  const port = /:(\d+)$/.exec(first)?.[1];
  return port === undefined || port === '1883' ? '' : ` -p ${port}`;
}

class LineView implements DemoView {
  private readonly io: CommandIo;

  constructor(io: CommandIo, facts: DemoFacts) {
    this.io = io;
    io.stderr.write(`${intro(facts).join('\n')}\n`);
  }

  arrived(topicName: string, payload: string): void {
    this.io.stdout.write(`${topicName} ${payload}\n`);
  }

  close(): void {
    // Nothing of it stays.
  }
}

class TableView implements DemoView {
  private readonly io: CommandIo;
  private readonly facts: DemoFacts;
  private readonly readings = new Map<string, Reading>();
  private readonly timer: NodeJS.Timeout;
  private messages = 0;
  private drawnLines = 0;

  constructor(io: CommandIo, facts: DemoFacts) {
    this.io = io;
    this.facts = facts;
    this.timer = setInterval(() => this.draw(), redrawMs);
  }

  arrived(topicName: string, payload: string): void {
    this.messages++;
    if (!topicName.startsWith(topicStart)) return;
    const [sensor = '', ...rest] = topicName.slice(topicStart.length).split('/');
    const field = rest.join('/');
    let reading = this.readings.get(sensor);
    if (reading === undefined) {
      reading = { values: new Map(), lines: 0, lastMs: 0 };
      this.readings.set(sensor, reading);
    }
    reading.lastMs = Date.now();
    if (field === 'data') reading.lines++;
    else reading.values.set(field, payload);
  }

  close(): void {
    clearInterval(this.timer);
    this.draw();
  }

  private draw(): void {
    const lines = [
      '',
      ...intro(this.facts).map((line) => `  ${line}`),
      '',
      `  ${picocolors.dim('sensor'.padEnd(20) + 'temperature'.padStart(13) + 'humidity'.padStart(11) + 'lines'.padStart(8) + 'ago'.padStart(9))}`,
      ...[...this.readings].sort(([a], [b]) => (a < b ? -1 : 1)).map(row),
      '',
      `  ${this.messages} messages published   Ctrl-C stops`,
      '',
    ];
    const up = this.drawnLines > 0 ? `\x1b[${this.drawnLines}A` : '';
    this.io.stdout.write(`${up}${lines.map((line) => `\x1b[2K${line}\n`).join('')}`);
    this.drawnLines = lines.length;
  }
}

function row([sensor, reading]: [string, Reading]): string {
  const value = (field: string, width: number): string =>
    (reading.values.get(field) ?? '–').padStart(width);
  const ago = `${((Date.now() - reading.lastMs) / 1000).toFixed(1)} s`;
  return [
    `  ${sensor.padEnd(20)}`,
    picocolors.cyan(value('temperature', 13)),
    picocolors.cyan(value('humidity', 11)),
    String(reading.lines).padStart(8),
    picocolors.dim(ago.padStart(9)),
  ].join('');
}
