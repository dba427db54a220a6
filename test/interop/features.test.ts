/** What goes beyond a message from here to there, with every client of others in every version. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { QoS } from '../../src/packet/index.ts';
import {
  EveryTransport,
  needsCertificates,
  outsideLibraries,
  type Way,
  waysOf,
} from './every-transport.test-kit.ts';
import { mqttJs } from './mqttjs.test-kit.ts';
import { type Content, type Inbox, type Listening, shown } from './outside-client.test-kit.ts';

let broker: EveryTransport | undefined;

before(async () => {
  if (needsCertificates === false) broker = await EveryTransport.start();
});

after(async () => {
  await broker?.[Symbol.asyncDispose]();
});

const allWays = outsideLibraries.flatMap(waysOf);
const plainWays = allWays.filter(({ transport }) => transport === 'tcp');

/** A test of one way, with a topic of its own. */
function forEach(
  ways: readonly Way[],
  what: string,
  run: (way: Way, here: EveryTransport, topicName: string) => Promise<void>,
): void {
  for (const way of ways) {
    test(`${way.name}: ${what}`, { skip: way.skip }, async () => {
      await run(way, broker as EveryTransport, `${what}/${way.name}`);
    });
  }
}

function content(topicName: string, text: string, more: Partial<Content> = {}): Content {
  return { topicName, payload: Buffer.from(text), qos: QoS.atLeastOnce, retain: false, ...more };
}

/** The other side, where a test needs one. */
const other = { library: mqttJs, version: '5', transport: 'tcp' } as const;

/** Publishes a last message and waits for it: what is not there before it will never come. */
async function nothingMore(here: EveryTransport, inbox: Inbox, topicName: string): Promise<void> {
  await here.publish(other, content(topicName, 'the last'));
  const [last] = await inbox.take(topicName);
  assert.equal(last?.payload.toString(), 'the last');
  assert.deepEqual(inbox.rest.map(shown), []);
}

forEach(
  plainWays,
  'a Retained Message waits for it, until somebody removes it',
  async (way, here, topicName) => {
    const options = { topicFilter: topicName, qos: QoS.atLeastOnce };
    const kept = content(topicName, 'kept', { retain: true });
    await here.publish(way, kept);
    const first = await here.listen(way, options);
    const [received] = await first.inbox.take(topicName);
    assert.deepEqual(received, kept);
    await first.end();

    await here.publish(way, { ...kept, payload: Buffer.alloc(0) });
    const second = await here.listen(way, options);
    await nothingMore(here, second.inbox, topicName);
    await second.end();
  },
);

forEach(
  plainWays,
  'its Will is published when its connection breaks',
  async (way, here, topicName) => {
    const observer = await here.listen(other, {
      topicFilter: topicName,
      qos: QoS.exactlyOnce,
    });
    const will = content(topicName, 'gone', { qos: QoS.exactlyOnce });
    const client = await here.listen(way, {
      topicFilter: 'nothing',
      qos: QoS.atMostOnce,
      will,
    });
    await client.drop();
    const [received] = await observer.inbox.take(topicName);
    assert.deepEqual(received, will);
    await observer.end();
  },
);

/** With 5, mosquitto_sub leaves with the reason code 0x04, Disconnect with Will Message. */
const leavesWithWill = ({ library, version }: Way): boolean =>
  library.name === 'mosquitto' && version === '5';

forEach(
  plainWays.filter((way) => !leavesWithWill(way)),
  'its Will is not published when it says DISCONNECT',
  async (way, here, topicName) => {
    const observer = await withWillEnded(way, here, topicName);
    await nothingMore(here, observer.inbox, topicName);
    await observer.end();
  },
);

forEach(
  plainWays.filter(leavesWithWill),
  'its Will is published when its DISCONNECT asks for it',
  async (way, here, topicName) => {
    const observer = await withWillEnded(way, here, topicName);
    const [will] = await observer.inbox.take(topicName);
    assert.equal(will?.payload.toString(), 'gone');
    await observer.end();
  },
);

/** An observer of the Will of a client that came and left on its own account. */
async function withWillEnded(
  way: Way,
  here: EveryTransport,
  topicName: string,
): Promise<Listening> {
  const observer = await here.listen(other, {
    topicFilter: topicName,
    qos: QoS.exactlyOnce,
  });
  const client = await here.listen(way, {
    topicFilter: 'nothing',
    qos: QoS.atMostOnce,
    will: content(topicName, 'gone'),
  });
  await client.end();
  return observer;
}

const clientIds = new Map(plainWays.map((way, index) => [way, `away-${index}`]));

forEach(
  plainWays,
  'what came while it was away is there when it is back',
  async (way, here, topicName) => {
    const options = {
      topicFilter: `${topicName}/#`,
      qos: QoS.exactlyOnce,
      clientId: clientIds.get(way) ?? '',
    };
    await (await here.listen(way, options)).end();
    // Half of them at QoS 2: fewer than our Receive Maximum, which MQTT.js does not observe.
    const missed = Array.from({ length: 30 }, (_, index) =>
      content(topicName, `missed ${index}`, {
        qos: index % 2 === 0 ? QoS.atLeastOnce : QoS.exactlyOnce,
      }),
    );
    await here.publish(other, ...missed);
    const back = await here.listen(way, options);
    const received = await back.inbox.take(topicName, missed.length);
    // Some libraries show a QoS 2 message when its flow is over, so order is kept within each QoS.
    for (const qos of [QoS.atLeastOnce, QoS.exactlyOnce]) {
      const of = (contents: readonly Content[]): string[] =>
        contents.filter((one) => one.qos === qos).map(shown);
      assert.deepEqual(of(received), of(missed));
    }
    await back.end();
  },
);

forEach(allWays, 'a megabyte comes back as it was sent', async (way, here, topicName) => {
  const client = await here.listen(way, {
    topicFilter: topicName,
    qos: QoS.exactlyOnce,
  });
  const sent = content(topicName, '', { payload: randomBytes(1024 * 1024), qos: QoS.exactlyOnce });
  await here.publish(way, sent);
  const [received] = await client.inbox.take(topicName);
  assert.ok(received?.payload.equals(sent.payload));
  await client.end();
});
