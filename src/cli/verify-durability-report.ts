import type { VerifiedMode } from './verify-durability-broker.ts';
import type { SyncLatency } from './verify-durability-disk.ts';
import type { DurabilityFigures, DurabilityRound } from './verify-durability-run.ts';
import type { StreamFigures } from './verify-durability-stream.ts';

export interface DurabilityReport {
  readonly ok: boolean;
  readonly mode: VerifiedMode;
  readonly seed: number;
  readonly directory: string;
  readonly killsWanted: number;
  readonly ratePerSecondWanted: number;
  readonly syncMs: SyncLatency;
  /** How long each start took. */
  readonly restartMs: { readonly p50: number; readonly max: number };
  /** What the broker said about damage in its files. */
  readonly warnings: readonly string[];
  readonly figures: DurabilityFigures;
}

/** How many things went otherwise than promised. */
export function violations(figures: DurabilityFigures): number {
  const { streams, retained, subscriptions, sessionsLost } = figures;
  const ofStreams = streams.reduce((sum, { lost, duplicated, outOfOrder, damaged, refused }) => {
    return sum + lost + duplicated + outOfOrder + damaged + refused;
  }, 0);
  const ofState = retained.lost + retained.risen + subscriptions.lost + subscriptions.risen;
  return ofStreams + ofState + sessionsLost;
}

const momentTexts = {
  traffic: 'in traffic',
  return: 'as sessions came back',
  start: 'and in the start after it',
} as const;

/** One line for each kill. */
export function renderRound(round: DurabilityRound, kills: number): string {
  const { kill, moment, trafficMs, restartMs, unacknowledged, figures } = round;
  const acknowledged = figures.streams.reduce((sum, stream) => sum + stream.acknowledged, 0);
  const wrong = violations(figures);
  const parts = [
    `kill ${`${kill}`.padStart(`${kills}`.length)} of ${kills}`,
    `${seconds(trafficMs)} of traffic`,
    `${unacknowledged} unacknowledged`,
    `back in ${seconds(restartMs)}`,
    `${whole(acknowledged)} acknowledged so far`,
    wrong === 0 ? 'all there' : `${whole(wrong)} WRONG`,
  ];
  return `${parts.join('   ')}   (${momentTexts[moment]})\n`;
}

/** The verdict, for a person. */
export function renderDurability(report: DurabilityReport): string {
  const { figures, syncMs, restartMs } = report;
  const { streams, retained, subscriptions } = figures;
  const row = (label: string, text: string): string => `${label.padEnd(17)}${text}`;
  const column = (label: string, value: (stream: StreamFigures) => number): string =>
    row(label, streams.map((stream) => whole(value(stream)).padStart(12)).join(''));
  const lines = [
    '',
    row('mode', report.mode),
    row('kills', `${figures.kills} of ${report.killsWanted}, seed ${report.seed}`),
    row(
      'messages',
      `${whole(figures.ratePerSecond)}/s acknowledged, ${whole(report.ratePerSecondWanted)}/s wanted`,
    ),
    row('restart', `p50 ${seconds(restartMs.p50)}, longest ${seconds(restartMs.max)}`),
    row(
      'disk',
      `fdatasync p50 ${fixed(syncMs.p50Ms)} ms, p99 ${fixed(syncMs.p99Ms)} ms (${syncMs.count} blocks of 4 KiB in ${report.directory})`,
    ),
    '',
    row('', streams.map(({ qos }) => `QoS ${qos}`.padStart(12)).join('')),
    column('acknowledged', ({ acknowledged }) => acknowledged),
    column('delivered', ({ delivered }) => delivered),
    column('lost', ({ lost }) => lost),
    column('duplicates', ({ duplicated }) => duplicated),
    column('out of order', ({ outOfOrder }) => outOfOrder),
    column('damaged', ({ damaged }) => damaged),
    column('refused', ({ refused }) => refused),
    column('sent again', ({ publishedAgain }) => publishedAgain),
    column('came again', ({ allowedAgain }) => allowedAgain),
    '',
    row(
      'retained',
      `${whole(retained.changes)} changes, ${whole(retained.compared)} looked at, ${retained.lost} lost, ${retained.risen} removed and back`,
    ),
    row(
      'subscriptions',
      `${whole(subscriptions.changes)} changes, ${whole(subscriptions.compared)} looked at, ${subscriptions.lost} lost, ${subscriptions.risen} ended and back`,
    ),
    row('sessions', `${figures.sessionsLost} lost`),
    ...report.warnings.map((warning) => row('warning', warning)),
    '',
    'Each message goes to two sessions, one that reads and one that is away. "sent again" are publishes that the',
    'killed broker had not acknowledged; "came again" is what MQTT allows of them at QoS 1.',
    '',
    verdict(report),
    '',
    ...limitsOfThis(report.mode),
  ];
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

function verdict({ figures, ok, killsWanted }: DurabilityReport): string {
  const { kills } = figures;
  if (kills === 0) return 'NOTHING SHOWN: it was stopped before the first kill.';
  const count = kills < killsWanted ? `the ${kills} kills that were made` : `${kills} kills`;
  if (ok) {
    return `OK: in ${count} nothing acknowledged was lost, and nothing of QoS 2 came twice.`;
  }
  return `FAILED: in ${count} ${whole(violations(figures))} things were lost, came twice, or came in another order.`;
}

function limitsOfThis(mode: VerifiedMode): string[] {
  const common =
    'What a kill does not show: a power cut. SIGKILL ends the process; what it had written stays with the';
  if (mode === 'disk') {
    return [
      common,
      'operating system. In mode disk every acknowledgement waited for fdatasync; whether the disk keeps what it',
      'says to have is for the disk to prove (pull the plug, or ask its data sheet for power-loss protection).',
    ];
  }
  if (mode === 'none') return [common, 'operating system. Mode none keeps nothing through either.'];
  return [
    common,
    'operating system. After a power cut mode os may lack the last 200 ms; mode disk lacks nothing.',
  ];
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function fixed(value: number): string {
  return value.toFixed(value < 10 ? 2 : 1);
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(2)} s`;
}
