/**
 * `GET /history?filter=…`: messages of the past, one line of JSON each, then one that says how many they were
 * and where to go on. Written as fast as the reader takes it, so an answer of any length takes little memory.
 */
import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HistoryPage, HistoryQuery, KeptMessage } from '../broker/index.ts';
import { FilterError, parseSubscription } from '../topic/index.ts';

/** One message, as a line. */
export interface HistoryLine {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly topic: string;
  /** Instead of it `payload_base64` where the payload is not UTF-8. */
  readonly payload?: string;
  readonly payload_base64?: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly client_id: string;
  readonly username?: string;
  readonly properties?: unknown;
}

/** The last line: the answer is whole. */
export interface HistoryEnd {
  readonly messages: number;
  /** Where a later query goes on; none when there was no message. */
  readonly cursor?: string;
}

const known: readonly string[] = [
  'filter',
  'from',
  'to',
  'last',
  'limit',
  'newest_first',
  'cursor',
];
const levelsMax = 65_535;

/** What the address asks for, or a sentence about what is wrong with it. */
export function historyQueryOf(url: string): HistoryQuery | string {
  const { searchParams: parameters } = new URL(url, 'http://control');
  for (const name of parameters.keys()) {
    if (!known.includes(name)) return `unknown parameter ${name}: expected ${known.join(', ')}`;
  }
  const topicFilter = parameters.get('filter') ?? '#';
  const parsed = parseSubscription(topicFilter, levelsMax);
  if (parsed instanceof FilterError) return `filter: ${parsed.reason}`;
  if (parsed.shareName !== undefined) return 'filter: expected a Topic Filter without $share';
  const wrong: string[] = [];
  const number = (name: string, min: number): number | undefined => {
    const text = parameters.get(name);
    if (text === null) return undefined;
    const value = /^-?\d{1,16}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min)) wrong.push(`${name}: expected a number of at least ${min}`);
    return value;
  };
  const cursor = number('cursor', 0);
  const query: HistoryQuery = {
    topicFilter,
    fromMs: number('from', Number.MIN_SAFE_INTEGER),
    toMs: number('to', Number.MIN_SAFE_INTEGER),
    last: number('last', 1),
    limit: number('limit', 1),
    newestFirst: parameters.get('newest_first') === 'true',
    cursor: cursor === undefined ? undefined : String(cursor),
  };
  if (query.last !== undefined && (query.newestFirst === true || cursor !== undefined)) {
    return 'last goes with neither newest_first nor cursor: use limit';
  }
  return wrong[0] ?? query;
}

export async function answerHistory(
  ask: (query: HistoryQuery) => AsyncIterable<HistoryPage>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const query = historyQueryOf(request.url ?? '');
  if (typeof query === 'string') {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify({ error: query })}\n`);
    return;
  }
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  try {
    await writePages(ask(query), response);
  } catch (error) {
    // An answer that breaks off says so to its reader; the status is on its way already.
    response.destroy();
    throw error;
  }
}

async function writePages(
  pages: AsyncIterable<HistoryPage>,
  response: ServerResponse,
): Promise<void> {
  const left = new Promise((resolve) => response.once('close', resolve));
  let messages = 0;
  let end: HistoryEnd = { messages };
  for await (const page of pages) {
    messages += page.messages.length;
    end = { messages, cursor: page.cursor };
    const lines = page.messages.map((kept) => `${JSON.stringify(historyLine(kept))}\n`);
    if (!response.write(lines.join(''))) await Promise.race([once(response, 'drain'), left]);
    if (response.destroyed) return;
  }
  response.end(`${JSON.stringify({ end })}\n`);
}

export function historyLine({ message }: KeptMessage): HistoryLine {
  const { topicName, payload, qos, retain, publisherId, publisherName, properties } = message;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  return {
    time: new Date(message.receivedAtMs).toISOString(),
    topic: topicName,
    ...(isUtf8(bytes)
      ? { payload: bytes.toString('utf8') }
      : { payload_base64: bytes.toString('base64') }),
    qos,
    retain,
    client_id: publisherId,
    ...(publisherName === undefined ? {} : { username: publisherName }),
    ...(properties === undefined ? {} : { properties: propertiesOf(properties) }),
  };
}

function propertiesOf(properties: KeptMessage['message']['properties']): unknown {
  const { correlationData, ...others } = properties ?? {};
  if (correlationData === undefined) return others;
  return { ...others, correlationData: Buffer.from(correlationData).toString('base64') };
}
