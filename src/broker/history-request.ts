/**
 * How a SUBSCRIBE asks for messages of the past. MQTT 5.0: the User Properties `since` and `last` of the
 * packet, for all its Topic Filters. Any version: `$replay/since=24h/FILTER`, `$replay/last=100/FILTER`;
 * the subscription is that of FILTER then, and UNSUBSCRIBE takes either text.
 */
import type { UserProperties } from '../packet/index.ts';

/** What of the past a subscription wants; both together: the last so many, and none that is older. */
export interface ReplayRequest {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number | undefined;
  /** 1 or more. */
  readonly last: number | undefined;
}

/** Why a text asks for nothing that can be answered. A value that is returned, never thrown. */
export class ReplayRequestError {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

const prefix = '$replay/';
const lastMax = 1_000_000_000;

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const isoTime = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2}))?$/;

/** The filter behind `$replay/…/`, or the text itself. */
export function withoutReplay(text: string): string {
  if (!text.startsWith(prefix)) return text;
  const end = text.indexOf('/', prefix.length);
  return end < 0 ? text : text.slice(end + 1);
}

/** Takes `$replay/since=…/FILTER` apart; undefined for any other text. */
export function parseReplayFilter(
  text: string,
  nowMs: number,
):
  | { readonly topicFilter: string; readonly replay: ReplayRequest }
  | ReplayRequestError
  | undefined {
  if (!text.startsWith(prefix)) return undefined;
  const end = text.indexOf('/', prefix.length);
  const asked = text.slice(prefix.length, end < 0 ? undefined : end);
  const equals = asked.indexOf('=');
  const name = asked.slice(0, Math.max(equals, 0));
  if (end < 0 || (name !== 'since' && name !== 'last')) {
    return new ReplayRequestError(
      'expected $replay/since=TIME/FILTER or $replay/last=COUNT/FILTER, such as $replay/since=24h/iot/#',
    );
  }
  const replay = requestOf([[name, asked.slice(equals + 1)]], nowMs);
  if (replay instanceof ReplayRequestError) return replay;
  return { topicFilter: text.slice(end + 1), replay: replay as ReplayRequest };
}

/** What the User Properties of a SUBSCRIBE ask for; undefined where they have nothing to do with this. */
export function requestOf(
  properties: UserProperties | undefined,
  nowMs: number,
): ReplayRequest | ReplayRequestError | undefined {
  let sinceMs: number | undefined;
  let last: number | undefined;
  for (const [name, value] of properties ?? []) {
    if (name === 'since') {
      if (sinceMs !== undefined) return new ReplayRequestError('since is given twice');
      sinceMs = parseSince(value, nowMs);
      if (sinceMs === undefined) {
        const text = `since=${shortened(value)}: expected a duration such as 90s, 15m, 24h or 7d, or a time such as 2026-05-06T20:00:00Z`;
        return new ReplayRequestError(text);
      }
    } else if (name === 'last') {
      if (last !== undefined) return new ReplayRequestError('last is given twice');
      last = /^\d{1,10}$/.test(value) ? Number(value) : 0;
      if (last < 1 || last > lastMax) {
        const text = `last=${shortened(value)}: expected a count from 1 to ${lastMax}`;
        return new ReplayRequestError(text);
      }
    }
  }
  return sinceMs === undefined && last === undefined ? undefined : { sinceMs, last };
}

/** A time in the past: a duration back from now, or an ISO 8601 time with its zone (a date alone is UTC). */
export function parseSince(text: string, nowMs: number): number | undefined {
  const duration = /^(\d{1,12}(?:\.\d{1,6})?)(ms|s|m|h|d|w)$/.exec(text);
  if (duration !== null) {
    return nowMs - Number(duration[1]) * (unitsMs[duration[2] as string] as number);
  }
  if (!isoTime.test(text)) return undefined;
  const timeMs = Date.parse(text);
  return Number.isNaN(timeMs) ? undefined : Math.min(timeMs, nowMs);
}

function shortened(text: string): string {
  return text.length <= 40 ? text : `${text.slice(0, 40)}…`;
}
