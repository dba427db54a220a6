import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { readShared } from './shared-read.ts';

/** Both ends of a connection. */
async function pair(t: TestContext): Promise<{ client: Socket; accepted: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [accepted] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return { client, accepted };
}

test('this Node lets accepted sockets read into a shared buffer, and data events never come', async (t) => {
  const { client, accepted } = await pair(t);
  let text = '';
  let memory: ArrayBufferLike | undefined;
  const isShared = readShared(accepted, (chunk) => {
    text += Buffer.from(chunk).toString();
    memory = chunk.buffer;
    if (text.length === 6) accepted.emit('all');
  });
  assert.equal(isShared, true);
  assert.equal(accepted.listenerCount('data'), 0);
  const all = once(accepted, 'all');
  client.write('abc');
  client.write('def');
  await all;
  assert.equal(text, 'abcdef');

  const other = await pair(t);
  const read = new Promise<ArrayBufferLike>((resolve) => {
    readShared(other.accepted, (chunk) => resolve(chunk.buffer));
  });
  other.client.write('x');
  assert.equal(await read, memory);
});

test('the end, errors and bytes read are told as ever', async (t) => {
  const { client, accepted } = await pair(t);
  readShared(accepted, () => {});
  const ended = once(accepted, 'end');
  client.end('12345');
  await ended;
  assert.equal(accepted.bytesRead, 5);
  const closed = once(accepted, 'close');
  accepted.end();
  await closed;
});

test('a socket that is paused, before or after, reads nothing until it is resumed', async (t) => {
  const { client, accepted } = await pair(t);
  let received = '';
  accepted.pause();
  readShared(accepted, (chunk) => {
    received += Buffer.from(chunk).toString();
    accepted.emit('received');
  });
  client.write('first');
  await echo(t);
  assert.equal(received, '');
  let got = once(accepted, 'received');
  accepted.resume();
  await got;
  accepted.pause();
  client.write('second');
  await echo(t);
  assert.equal(received, 'first');
  got = once(accepted, 'received');
  accepted.resume();
  await got;
  assert.equal(received, 'firstsecond');
});

test('a peer that floods is read for a while in each turn, and wholly in the end', async (t) => {
  const { client, accepted } = await pair(t);
  const total = 8 * 1024 * 1024;
  let received = 0;
  let inThisTurn = 0;
  let most = 0;
  readShared(accepted, (chunk) => {
    if (inThisTurn === 0) {
      setImmediate(() => {
        inThisTurn = 0;
      });
    }
    received += chunk.length;
    inThisTurn += chunk.length;
    most = Math.max(most, inThisTurn);
    if (received === total) accepted.emit('all');
  });
  const all = once(accepted, 'all');
  client.write(Buffer.alloc(total));
  await all;
  assert.ok(most <= 4 * 64 * 1024, `${most} bytes in one turn`);
});

test('a flood that is paused in between stays paused', async (t) => {
  const { client, accepted } = await pair(t);
  let received = 0;
  readShared(accepted, (chunk) => {
    received += chunk.length;
    if (received >= 256 * 1024 && !accepted.isPaused()) {
      accepted.pause();
      accepted.emit('enough');
    }
  });
  const enough = once(accepted, 'enough');
  client.write(Buffer.alloc(4 * 1024 * 1024));
  await enough;
  const before = received;
  await echo(t);
  await echo(t);
  assert.equal(received, before);
  const more = once(accepted, 'enough');
  received = 0;
  accepted.resume();
  await more;
});

test('where the internals are others, nothing is changed and data events come', async (t) => {
  const { client, accepted } = await pair(t);
  const withoutHandle = Object.create(accepted, { _handle: { value: {} } }) as Socket;
  assert.equal(
    readShared(withoutHandle, () => assert.fail('never called')),
    false,
  );
  client.write('plain');
  const [chunk] = (await once(accepted, 'data')) as [Buffer];
  assert.equal(chunk.toString(), 'plain');
});

test('a socket that has read already stays with data events', async (t) => {
  const { client, accepted } = await pair(t);
  accepted.pause();
  client.write('early');
  await echo(t);
  assert.equal(accepted.readableLength, 5);
  assert.equal(
    readShared(accepted, () => assert.fail('never called')),
    false,
  );
});

/** A whole round trip on another connection: what was sent before it has arrived. */
async function echo(t: TestContext): Promise<void> {
  const { client, accepted } = await pair(t);
  accepted.pipe(accepted);
  client.write('?');
  await once(client, 'data');
}
