import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type HistoryPage, type HistoryQuery, Message } from '../broker/index.ts';
import { ControlChannel, type ControlHost, controlSocketPath } from './control-channel.ts';
import { callControl, streamControl } from './control-client.ts';
import { ControlError } from './control-error.ts';
import { historyQueryOf } from './history-route.ts';

const folder = mkdtempSync(join(tmpdir(), 'linnet-history-route-'));
after(() => rmSync(folder, { recursive: true }));

function pageOf(number: number, payload: Uint8Array): HistoryPage {
  const message = new Message({
    topicName: 'a',
    payload,
    qos: 0,
    retain: false,
    properties: { correlationData: new Uint8Array([1, 2]) },
    publisherId: 'c',
    publisherName: undefined,
    nowMs: 1000,
  });
  return { messages: [{ number, message }], cursor: String(number + 1) };
}

async function withChannel(
  name: string,
  history: ControlHost['history'],
  work: (path: string) => Promise<void>,
): Promise<void> {
  const path = controlSocketPath(join(folder, name), false);
  const channel = await ControlChannel.open(path, {
    status: () => ({}),
    setLogLevel: () => ({}),
    stop: () => undefined,
    history,
  });
  try {
    await work(path);
  } finally {
    await channel.close();
  }
}

async function linesOf(path: string, address: string): Promise<unknown[]> {
  const lines: unknown[] = [];
  for await (const line of streamControl(path, address)) lines.push(JSON.parse(line));
  return lines;
}

test('the address says what is asked, and what is wrong with it is said', () => {
  assert.deepEqual(
    historyQueryOf('/history?filter=a/%23&from=5&to=6.5&limit=7&newest_first=true&cursor=9'),
    {
      topicFilter: 'a/#',
      fromMs: 5,
      toMs: 6.5,
      last: undefined,
      limit: 7,
      newestFirst: true,
      cursor: '9',
    },
  );
  for (const [address, expected] of [
    ['?colour=red', /^unknown parameter colour: expected filter,/],
    ['?filter=a%2F%23%2Fb', /^filter: The wildcard/],
    ['?filter=%24share%2Fg%2Fa', /without \$share/],
    ['?last=0', /^last: expected a number of at least 1/],
    ['?limit=x', /^limit: expected a number/],
    ['?last=5&cursor=2', /^last goes with neither/],
  ] as const) {
    assert.match(String(historyQueryOf(`/history${address}`)), expected);
  }
});

test('an answer is a line for each message and one for the end', async () => {
  const asked: HistoryQuery[] = [];
  const history = async function* (query: HistoryQuery): AsyncGenerator<HistoryPage> {
    asked.push(query);
    yield pageOf(1, Buffer.from('text'));
    yield pageOf(2, new Uint8Array([0xff]));
  };
  await withChannel('lines', history, async (path) => {
    const common = { time: '1970-01-01T00:00:01.000Z', topic: 'a', qos: 0, retain: false };
    const others = { client_id: 'c', properties: { correlationData: 'AQI=' } };
    assert.deepEqual(await linesOf(path, '/history?last=2'), [
      { ...common, ...others, payload: 'text' },
      { ...common, ...others, payload_base64: '/w==' },
      { end: { messages: 2, cursor: '3' } },
    ]);
    assert.equal(asked[0]?.last, 2);
    assert.equal((await callControl(path, 'GET', '/history?last=x')).status, 400);
    await assert.rejects(linesOf(path, '/history?last=x'), RangeError);
  });
});

test('a reader that leaves early ends the query, one that is slow holds it, a failure is noticed', async () => {
  let pages = 0;
  const ended = Promise.withResolvers<void>();
  const endless = async function* ({ limit }: HistoryQuery): AsyncGenerator<HistoryPage> {
    try {
      for (;;) {
        pages++;
        if (pages === limit) throw new Error('the disk is gone');
        yield pageOf(pages, new Uint8Array(100_000).fill(0x61));
      }
    } finally {
      ended.resolve();
    }
  };
  await withChannel('early', endless, async (path) => {
    for await (const line of streamControl(path, '/history')) {
      assert.match(line, /aaa/);
      break;
    }
    await ended.promise;
    assert.ok(pages < 1000, `${pages} pages were made for a reader who wanted one`);
    pages = 0;
    await assert.rejects(linesOf(path, '/history?limit=5'), ControlError);
  });
});
