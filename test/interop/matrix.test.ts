/**
 * Every client of others in every version over every transport it has, all connected at once: what one of
 * them publishes at QoS 0, 1 and 2 arrives at all of them with the same bytes and the same QoS. So each row
 * is one sender with every receiver, itself included.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { QoS } from '../../src/packet/index.ts';
import {
  EveryTransport,
  needsCertificates,
  outsideLibraries,
  waysOf,
} from './every-transport.test-kit.ts';
import { type Content, type Listening, shown } from './outside-client.test-kit.ts';

const ways = outsideLibraries.flatMap(waysOf);

let broker: EveryTransport | undefined;
const listening = new Map<string, Listening>();

before(async () => {
  if (needsCertificates !== false) return;
  broker = await EveryTransport.start();
  for (const way of ways.filter(({ skip }) => skip === false)) {
    const options = { topicFilter: 'matrix/#', qos: QoS.exactlyOnce };
    listening.set(way.name, await broker.listen(way, options));
  }
});

after(async () => {
  await broker?.[Symbol.asyncDispose]();
});

/** All byte values, so nothing that is no text is lost or changed. */
const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value));

for (const way of ways) {
  const { name, skip } = way;
  test(`${name} is heard by every client at QoS 0, 1 and 2`, { skip }, async () => {
    const here = broker as EveryTransport;
    const contents: Content[] = [QoS.atMostOnce, QoS.atLeastOnce, QoS.exactlyOnce].map((qos) => ({
      topicName: `matrix/${name}/${qos}`,
      payload: Buffer.concat([bytes, Buffer.from(` at QoS ${qos}`)]),
      qos,
      retain: false,
    }));
    await here.publish(way, ...contents);
    for (const [receiver, { inbox }] of listening) {
      for (const content of contents) {
        const [received] = await inbox.take(content.topicName);
        assert.ok(received !== undefined);
        assert.equal(shown(received), shown(content), receiver);
        assert.ok(received.payload.equals(content.payload), `${receiver}: other bytes`);
      }
    }
  });
}

test('nothing came twice', { skip: needsCertificates }, () => {
  const rest = [...listening].flatMap(([receiver, { inbox }]) =>
    inbox.rest.map((content) => `${receiver}: ${shown(content)}`),
  );
  assert.ok(listening.size > 0);
  assert.deepEqual(rest, []);
});
