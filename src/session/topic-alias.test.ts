import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtocolError, ReasonCode } from '../packet/index.ts';
import { InboundTopicAliases, OutboundTopicAliases } from './topic-alias.ts';

const isError = (reasonCode: ReasonCode) => (error: unknown) =>
  error instanceof ProtocolError && error.reasonCode === reasonCode;

test('[MQTT-3.3.2-7] an alias means the name it was set to last on this connection', () => {
  const aliases = new InboundTopicAliases(2);
  assert.equal(aliases.resolve('a/b', 1), 'a/b');
  assert.equal(aliases.resolve('', 1), 'a/b');
  assert.equal(aliases.resolve('c', 1), 'c');
  assert.equal(aliases.resolve('', 1), 'c');
  assert.throws(() => aliases.resolve('', 2), isError(ReasonCode.protocolError));
  assert.throws(() => new InboundTopicAliases(2).resolve('', 1), isError(ReasonCode.protocolError));
});

test('[MQTT-3.3.2-9] an alias above the maximum is refused with 0x94, also where none is allowed', () => {
  assert.throws(
    () => new InboundTopicAliases(2).resolve('a', 3),
    isError(ReasonCode.topicAliasInvalid),
  );
  assert.throws(
    () => new InboundTopicAliases(0).resolve('a', 1),
    isError(ReasonCode.topicAliasInvalid),
  );
});

test('outbound aliases are set with the first message on a name and used from the second on', () => {
  const aliases = new OutboundTopicAliases(2);
  assert.deepEqual(aliases.assign('a'), { alias: 1, isNew: true });
  assert.deepEqual(aliases.assign('a'), { alias: 1, isNew: false });
  assert.deepEqual(aliases.assign('b'), { alias: 2, isNew: true });
  assert.equal(aliases.assign('c'), undefined);
  assert.deepEqual(aliases.assign('b'), { alias: 2, isNew: false });
});

test('a change of habits is followed: now and then the oldest name gives its alias away', () => {
  const aliases = new OutboundTopicAliases(2);
  const meaning = new Map<number, string>();
  let used = 0;
  for (let i = 0; i < 10_000; i++) {
    const topicName = `t/${i < 100 ? i % 2 : 2 + (i % 2)}`;
    const assigned = aliases.assign(topicName);
    if (assigned === undefined) continue;
    used++;
    assert.ok(assigned.alias >= 1 && assigned.alias <= 2);
    if (assigned.isNew) meaning.set(assigned.alias, topicName);
    assert.equal(meaning.get(assigned.alias), topicName, 'the client would think of another name');
  }
  assert.deepEqual([...meaning.values()].sort(), ['t/2', 't/3']);
  assert.ok(used > 9000, `${used} of 10000 had an alias`);
});
