/** The figures of a run for people, and as CSV. */
import type { BenchFigures, LatencyFigures } from './bench-figures.ts';

const labelWidth = 13;

/** Several lines, the last with its line end. */
export function renderSummary(figures: BenchFigures): string {
  const lines = [
    title(figures),
    row('clients', clientsText(figures)),
    row('connected', connectedText(figures)),
    ...loadRows(figures),
    ...usageRows(figures),
    ...figures.errors.map(({ text, count }) => row('error', `${count} × ${text}`)),
    ...figures.notes.map((note) => row('note', note)),
  ];
  return `${lines.join('\n')}\n`;
}

/** A line of names and a line of values; names are the paths of the JSON object. */
export function renderCsv(figures: BenchFigures): string {
  const { errors, notes, ...rest } = figures;
  const cells = flatten({ ...rest, errors: errors.length, notes: notes.length }, '');
  const names = cells.map(([name]) => name);
  const values = cells.map(([, value]) => quoted(value));
  return `${names.join(',')}\n${values.join(',')}\n`;
}

function title(figures: BenchFigures): string {
  const parts = [`linnet bench ${figures.kind}`, figures.url, `MQTT ${figures.mqttVersion}`];
  if (figures.kind !== 'conn') parts.push(`QoS ${figures.qos}`);
  if (figures.published !== null) parts.push(`${whole(figures.sizeBytes)} bytes`);
  return parts.join('   ');
}

function clientsText(figures: BenchFigures): string {
  const { publishers, subscribers, connections, workers } = figures;
  const parts: string[] = [];
  if (publishers > 0) parts.push(plural(publishers, 'publisher'));
  if (subscribers > 0) parts.push(plural(subscribers, 'subscriber'));
  if (parts.length === 0) parts.push(plural(connections, 'connection'));
  if (workers > 1) parts.push(`${workers} workers`);
  return parts.join(', ');
}

function connectedText({ connect }: BenchFigures): string {
  const parts = [
    `${whole(connect.opened)} in ${fixed(connect.seconds)} s`,
    `${whole(connect.perSecond)}/s`,
  ];
  if (connect.failed > 0) parts.push(`failed ${whole(connect.failed)}`);
  if (connect.dropped > 0) parts.push(`lost again ${whole(connect.dropped)}`);
  if (connect.latencyMs !== null) parts.push(latencyText(connect.latencyMs));
  return parts.join('   ');
}

function loadRows(figures: BenchFigures): string[] {
  const { published, received, latencyMs, kind } = figures;
  const isEmpty = (published?.count ?? 0) + (received?.count ?? 0) === 0;
  if (kind === 'conn' || (isEmpty && figures.seconds === 0)) return [];
  const rows = [row('measured', measuredText(figures)), ''];
  if (published !== null) {
    rows.push(
      row('published', `${whole(published.perSecond)}/s   ${whole(published.count)} in all`),
    );
  }
  if (received !== null) {
    const volume = `${fixed(received.bytesPerSecond / 1e6)} MB/s`;
    const all = `${whole(received.count)} in all`;
    rows.push(row('received', `${whole(received.perSecond)}/s   ${all}   ${volume}`));
  }
  if (latencyMs !== null)
    rows.push(row('latency', `${latencyText(latencyMs)}   ${since(figures)}`));
  rows.push(row('faults', faultsText(figures)));
  return rows;
}

function measuredText(figures: BenchFigures): string {
  const { seconds, warmupSeconds, ratePerSecond, interrupted, window, published } = figures;
  const load =
    published === null
      ? ''
      : ratePerSecond === null
        ? `, windows of ${whole(window)}`
        : `, ${whole(ratePerSecond)}/s wanted`;
  const end = interrupted ? ', interrupted' : '';
  return `${fixed(seconds)} s after ${fixed(warmupSeconds)} s of warm-up${load}${end}`;
}

function since({ kind, ratePerSecond }: BenchFigures): string {
  const end = kind === 'pub' ? 'to acknowledgement' : 'to arrival';
  return ratePerSecond === null ? `from sending ${end}` : `from the scheduled time ${end}`;
}

function faultsText({ published, received, qos }: BenchFigures): string {
  const parts: string[] = [];
  const add = (name: string, count: number): void => {
    parts.push(`${name} ${whole(count)}`);
  };
  if (received !== null) {
    if (received.lost === null) parts.push('lost not known with a shared subscription');
    else add('lost', received.lost);
    add('duplicated', received.duplicated);
    add('out of order', received.outOfOrder);
    if (received.corrupt > 0) add('corrupt', received.corrupt);
    if (received.misrouted > 0) add('misrouted', received.misrouted);
    if (received.foreign > 0) add('of other programs', received.foreign);
  }
  if (published !== null) {
    if (qos > 0) add('unacknowledged', published.unacknowledged);
    if (published.refused > 0) add('refused', published.refused);
    if (published.unexpected > 0) add('acknowledged for nothing', published.unexpected);
    if (published.unsent > 0) add('unsent', published.unsent);
  }
  return parts.length === 0 ? 'none that can be seen at QoS 0' : parts.join('   ');
}

function usageRows({ broker, generator, kind, connect }: BenchFigures): string[] {
  const unit = kind === 'conn' ? 'connection' : 'message';
  const per = (us: number | null): string => (us === null ? '' : `   ${fixed(us)} µs each ${unit}`);
  const rows: string[] = [''];
  if (broker !== null) {
    const grown = broker.memoryBytes - broker.memoryBeforeBytes;
    const each =
      kind === 'conn' && connect.opened > 0
        ? `   ${whole(grown / connect.opened)} bytes each connection`
        : '';
    rows.push(
      row(
        'broker',
        `pid ${broker.pid}   ${percent(broker.cores)} of a core${per(broker.cpuMicrosecondsPerMessage)}` +
          `   ${fixed(broker.memoryBytes / 1e6)} MB (before ${fixed(broker.memoryBeforeBytes / 1e6)})${each}`,
      ),
    );
  }
  const starved = generator.starved < 0.01 ? '' : `, without a core ${percent(generator.starved)}`;
  const work = per(generator.cpuMicrosecondsPerMessage);
  rows.push(row('generator', `busy ${percent(generator.busy)}${starved}${work}`));
  return rows;
}

function latencyText({ p50, p90, p99, p999, max }: LatencyFigures): string {
  return [
    `p50 ${fixed(p50)} ms`,
    `p90 ${fixed(p90)}`,
    `p99 ${fixed(p99)}`,
    `p99.9 ${fixed(p999)}`,
    `max ${fixed(max)}`,
  ].join('   ');
}

function row(label: string, text: string): string {
  return `  ${label.padEnd(labelWidth)}${text}`;
}

const wholeNumbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const fewDigits = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

export function whole(value: number): string {
  return wholeNumbers.format(value);
}

function fixed(value: number): string {
  return value >= 100 ? whole(value) : fewDigits.format(value);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function plural(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}

type Cell = readonly [name: string, value: string];

function flatten(value: unknown, name: string): Cell[] {
  if (typeof value !== 'object' || value === null)
    return [[name, value === null ? '' : String(value)]];
  return Object.entries(value).flatMap(([key, part]) => {
    return flatten(part, name === '' ? key : `${name}.${key}`);
  });
}

function quoted(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
