import type { StoreFigures } from '../storage/index.ts';
import type { DatabaseCheck } from './store-databases.ts';

/** What `linnet store check` found. */
export function renderCheck(
  dataDir: string,
  figures: StoreFigures,
  databases: readonly DatabaseCheck[],
  brokerPid: number | undefined,
): string {
  const { problems, setAside } = figures;
  const lines = [
    row('journal', `${counted(figures.segments, 'segment')}, ${size(figures.logBytes)}`),
    row('holds', holdings(figures)),
    ...problems.map((problem) => row('damaged', problem)),
    ...setAside.map((name) => row('set aside', `${name}   (at an earlier start)`)),
    ...databases.map(({ path, problem }) =>
      problem === '' ? row('sqlite', `${path}   whole`) : row('damaged', `${path}: ${problem}`),
    ),
  ];
  const isOk = problems.length === 0 && databases.every(({ problem }) => problem === '');
  if (brokerPid !== undefined) {
    const text = `a broker (process ${brokerPid}) is writing: an unfinished write at the end is its own`;
    lines.push(row('note', text));
  }
  lines.push(isOk ? row('ok', dataDir) : row('problems', 'the next start goes on with the rest'));
  return `${lines.join('\n')}\n`;
}

/** What `linnet store stats` counted. */
export function renderStats(dataDir: string, figures: StoreFigures): string {
  const { longestQueues: queues } = figures;
  const lines = [
    row('store', dataDir),
    row(
      'journal',
      `${counted(figures.segments, 'segment')}, ${size(figures.logBytes)}, of which ${size(figures.neededBytes)} are needed`,
    ),
    row(
      'sessions',
      `${whole(figures.sessions)}, ${counted(figures.subscriptions, 'subscription')}, ${counted(figures.wills, 'will')}`,
    ),
    row(
      'messages',
      `${whole(figures.messages)}: ${whole(figures.retainedMessages)} retained; ${whole(figures.queued)} queued, ${whole(figures.inflight)} in flight`,
    ),
    row('QoS 2', `${counted(figures.unreleased, 'identifier')} of publishers not released`),
    ...queues.map(({ clientId, queued, inflight }) =>
      row(
        'queue',
        `${whole(queued).padStart(10)} waiting ${whole(inflight).padStart(6)} in flight   ${clientId}`,
      ),
    ),
    ...figures.problems.map((problem) => row('damaged', problem)),
  ];
  return `${lines.join('\n')}\n`;
}

function holdings(figures: StoreFigures): string {
  return [
    counted(figures.sessions, 'session'),
    counted(figures.subscriptions, 'subscription'),
    `${whole(figures.retainedMessages)} retained`,
    `${whole(figures.queued)} queued`,
    `${whole(figures.inflight)} in flight`,
  ].join(', ');
}

function row(label: string, text: string): string {
  return `${label.padEnd(11)}${text}`;
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}

function counted(count: number, noun: string): string {
  return `${whole(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** In the largest unit that leaves a number above one. */
export function size(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit++) value /= 1024;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
