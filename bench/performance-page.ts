/**
 * Writes the figures of docs/reference/performance.md from the results of one alternating run against other
 * brokers: `node bench/performance-page.ts RESULTS.jsonl [--machine TEXT] [--versions TEXT] [--date TEXT]`. A
 * line of the results is `{ label, name, rep, res }`: scenario, broker, repetition, and what the load generator
 * said. The page has the figures between two marks; the rest of it is written by hand.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { version } from '../src/version.ts';
import { Results, type Row } from './peer-results.ts';

const page = join(import.meta.dirname, '../docs/reference/performance.md');
const begin = '<!-- figures: written by bench/performance-page.ts -->';
const end = '<!-- end of figures -->';

/** In the order of the columns; others are left out. */
const brokers = [
  { name: 'linnet', title: 'linnet' },
  { name: 'flashmq', title: 'FlashMQ' },
  { name: 'mosquitto', title: 'Mosquitto' },
  { name: 'aedes', title: 'Aedes' },
];

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, index) => (index === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}

/** Three digits that count, thousands with commas. */
function figure(value: number | undefined): string {
  if (value === undefined) return '–';
  if (value >= 1000) return Number(value.toPrecision(3)).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 10 ? 3 : 2);
}

function ratio(one: number | undefined, other: number | undefined): string {
  return one === undefined || other === undefined || other === 0 ? '–' : (one / other).toFixed(2);
}

interface TableOfRows {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly Row[];
  readonly key: string;
  /** What was to be reached, in the words of the page; nothing where there was no goal. */
  readonly goal: (label: string) => string;
}

/** A row for each scenario, a column for each broker, and how linnet stands to each of the others. */
function comparison(results: Results, { title, note, rows, key, goal }: TableOfRows): string {
  const present = brokers.filter(({ name }) => results.has(name));
  const peers = present.filter(({ name }) => name !== 'linnet');
  const body = rows.map((row) => {
    const values = present.map(({ name }) => figure(results.median(row.label, name, key)));
    const own = results.median(row.label, 'linnet', key);
    const ratios = peers.map(({ name }) => ratio(own, results.median(row.label, name, key)));
    return [row.text, ...values, ...ratios, goal(row.label)];
  });
  const head = [
    '',
    ...present.map((broker) => broker.title),
    ...peers.map((broker) => `÷ ${broker.title}`),
    'goal; hope',
  ];
  return `### ${title}\n\n${note}\n\n${table(head, body)}\n`;
}

/** Of FlashMQ's processor time. */
function costGoal(label: string): string {
  if (label.startsWith('v5-')) return '1.1; 0.7';
  return label.endsWith('-16384') ? '1.0; 0.8' : '1.0; 0.6';
}

/** Times the rate of Mosquitto and of Aedes; large payloads and the rarer shapes have none. */
function rateGoal(label: string): string {
  if (/^p2p-q\d-n(1|10)-(16|256)$|^fanout-q\d-s(10|100)$/.test(label)) return '12; 20';
  return /^p2p-q\d-n100-(16|256)$|^fanin/.test(label) ? '4; 7' : '';
}

const messages = /^(v5-)?(p2p|fanout|fanin|share|subs)/;
const latencyNote =
  'Microseconds from the time a message was due; the goal is against the better of FlashMQ and Mosquitto.';

const tables = [
  {
    title: 'Processor time for each delivered message',
    note: 'Microseconds, all threads of the broker. The goal is against FlashMQ; below 1, linnet needs less.',
    match: messages,
    key: 'broker_cpu_us_per_msg',
    goal: costGoal,
  },
  {
    title: 'Messages delivered in a second',
    note: 'As fast as the windows allow. The goal is against Mosquitto and Aedes; above 1, linnet delivers more.',
    match: messages,
    key: 'msgs_per_s',
    goal: rateGoal,
  },
  {
    title: 'Latency at a fixed rate: median',
    note: latencyNote,
    match: /^rate/,
    key: 'lat_us.p50',
    goal: () => '1.2; 1.0',
  },
  {
    title: 'Latency at a fixed rate: 99th percentile',
    note: latencyNote,
    match: /^rate/,
    key: 'lat_us.p99',
    goal: () => '1.5; 1.0',
  },
  {
    title: 'Connections: processor time',
    note: 'Microseconds for each. The goal is against FlashMQ.',
    match: /^conn/,
    key: 'broker_cpu_us_per_conn',
    goal: () => '3; 1.5',
  },
  {
    title: 'Connections: memory',
    note: 'Bytes of resident memory for each.',
    match: /^conn/,
    key: 'rss_bytes_per_conn',
    goal: () => '8,000 B; 6,000 B',
  },
  {
    title: 'Retained Messages: all of them to a new subscriber',
    note: 'Milliseconds from SUBSCRIBE to the last one.',
    match: /^retain/,
    key: 'all_ms',
    goal: () => '25 ms; 13 ms',
  },
  {
    title: 'Subscriptions: memory',
    note: 'Bytes of resident memory for each of those that match nothing.',
    match: /^subs/,
    key: 'bg_rss_bytes_per_sub',
    goal: () => '',
  },
  {
    title: 'A client that returns: messages that waited for it, in a second',
    note: 'From its CONNACK to the last message. The goal is against FlashMQ.',
    match: /^offline/,
    key: 'drain_per_s',
    goal: () => '1.0; 1.5',
  },
];

function render(results: Results, facts: readonly (readonly [string, string])[]): string {
  const parts = tables
    .map(({ match, ...rest }) => ({ ...rest, rows: results.rows(match) }))
    .filter(({ rows }) => rows.length > 0)
    .map((each) => comparison(results, each));
  const faults = results.faults().map((fault) => `- ${fault}`);
  const none = 'Nothing was lost, duplicated, reordered or damaged.';
  const faultText = faults.length === 0 ? none : faults.join('\n');
  return [table(['', ''], facts), ...parts, `### Faults\n\n${faultText}`].join('\n\n');
}

const { values, positionals } = parseArgs({
  options: {
    machine: { type: 'string' },
    versions: { type: 'string' },
    date: { type: 'string' },
  },
  allowPositionals: true,
});
const [file] = positionals;
if (file === undefined) throw new Error('usage: node bench/performance-page.ts RESULTS.jsonl');
const results = Results.read(file);
const figures = render(results, [
  ['date', values.date ?? new Date().toISOString().slice(0, 10)],
  ['machine', values.machine ?? `${cpus()[0]?.model ?? '?'}, ${cpus().length} cores`],
  ['linnet', `${version}, Node ${process.version}`],
  ['others', values.versions ?? 'not said'],
  ['runs', `medians of ${results.repetitions}, brokers in turns`],
]);
const text = readFileSync(page, 'utf8');
const from = text.indexOf(begin);
const to = text.indexOf(end);
if (from < 0 || to < from) throw new Error(`${page} has lost its marks: ${begin} and ${end}`);
writeFileSync(page, `${text.slice(0, from + begin.length)}\n\n${figures}\n\n${text.slice(to)}`);
