/** Topic Names and Topic Filters as the broker matches them (4.7). The index has tests of its own. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ReasonCode } from '../../src/packet/index.ts';
import { TestBroker } from '../../src/testing/index.ts';
import { connected, forEachVersion } from './each-version.ts';

const matching: readonly (readonly [filter: string, name: string, matches: boolean])[] = [
  ['a', 'a', true],
  ['a', 'A', false],
  ['a', 'a/', false],
  ['a', '/a', false],
  ['a/', 'a/', true],
  ['a//b', 'a//b', true],
  ['a/+/b', 'a//b', true],
  ['a/b', 'a//b', false],
  ['+', 'a', true],
  ['+', '/a', false],
  ['+/+', '/a', true],
  ['/+', '/a', true],
  ['+/a', '/a', true],
  ['a/#', 'a', true],
  ['a/#', 'a/', true],
  ['a/#', 'a/b/c', true],
  ['a/#', 'ab', false],
  ['#', 'a/b/c', true],
  ['#', '/', true],
  ['/#', '/', true],
  ['/#', 'a', false],
  ['+/b/#', 'a/b', true],
  ['#', '$data/x', false],
  ['+/x', '$data/x', false],
  ['+/#', '$data/x', false],
  ['$data/#', '$data/x', true],
  ['$data/+', '$data/x', true],
  ['a/$data', 'a/$data', true],
  ['a/+', 'a/$data', true],
  ['a b/ä', 'a b/ä', true],
  ['ä', 'a\u0308', false],
];

describe('a Topic Filter', () => {
  forEachVersion(
    '[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT-4.7.2-1] [MQTT-4.7.3-4] [MQTT3-4.7.2-1] [MQTT3-4.7.3-4] matches what the specification says, live, retained and shared',
    (version) => {
      for (const [filter, name, expected] of matching) {
        const broker = new TestBroker();
        const client = connected(broker, { clientId: 'c', protocolVersion: version });
        client.subscribe([filter, `$share/g/${filter}`]);
        client.publish(name, 'x');
        assert.equal(client.takePublishes().length, expected ? 2 : 0, `${filter} and ${name}`);
        client.unsubscribe(filter, `$share/g/${filter}`);
        client.publish(name, 'x', { retain: true });
        client.subscribe([filter]);
        assert.equal(
          client.takePublishes().length,
          expected ? 1 : 0,
          `${filter}, ${name} retained`,
        );
      }
    },
  );

  forEachVersion(
    '[MQTT-4.7.1-1] [MQTT-4.7.1-2] [MQTT3-4.7.1-2] [MQTT3-4.7.1-3] with a wildcard in the wrong place is refused',
    (version) => {
      const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
      const expected = version === 5 ? ReasonCode.topicFilterInvalid : ReasonCode.unspecifiedError;
      for (const filter of ['a#', '#/a', 'a/#/b', '##', 'a+', '+a', 'a/b+/c', '++', '']) {
        assert.deepEqual(client.subscribe(filter).reasonCodes, [expected], filter);
      }
    },
  );

  forEachVersion('with more levels than the limit is refused', (version) => {
    const client = connected(new TestBroker(), { clientId: 'c', protocolVersion: version });
    const expected = version === 5 ? ReasonCode.topicFilterInvalid : ReasonCode.unspecifiedError;
    assert.deepEqual(client.subscribe('a/'.repeat(199)).reasonCodes, [2]);
    assert.deepEqual(client.subscribe('a/'.repeat(200)).reasonCodes, [expected]);
  });
});

describe('names and filters', () => {
  forEachVersion('[MQTT-4.7.3-3] [MQTT3-4.7.3-3] may have 65,535 bytes', (version) => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c', protocolVersion: version });
    for (const name of [
      'x'.repeat(65_535),
      `${'ä'.repeat(32_767)}x`,
      `$data/${'y'.repeat(65_529)}`,
    ]) {
      assert.equal(new TextEncoder().encode(name).length, 65_535);
      assert.deepEqual(client.subscribe(name).reasonCodes, [2]);
      client.publish(name, 'x', { retain: true });
      assert.deepEqual(client.takeTexts(), [`${name} x`]);
    }
    // The length has two bytes: there is no way to write a longer one.
    assert.throws(() => client.publish('x'.repeat(65_536)));
  });

  test("$SYS is the broker's own: a client may read it, not write it", () => {
    const broker = new TestBroker();
    const client = connected(broker, { clientId: 'c' });
    client.subscribe(['$SYS/#', '#']);
    client.publish('$SYS/broker/x', 'mine', { qos: 1, retain: true });
    assert.deepEqual(client.takeTexts(), []);
    broker.broker.publishSystem('$SYS/broker/x', new TextEncoder().encode('y'), true);
    broker.run();
    assert.deepEqual(client.takeTexts(), ['$SYS/broker/x y']);
  });
});
