import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Subscription } from '../session/index.ts';
import { connect, messageOn, sessionNamed, subscription } from './members.test-kit.ts';
import { SharedStrategy, ShareGroup } from './share-group.ts';

const message = messageOn('t');

function group(strategy: SharedStrategy, random = () => 0): ShareGroup {
  return new ShareGroup('g', 't', strategy, random);
}

/** A member whose client is there, with room in its window unless it is told otherwise. */
function member(clientId: string, receiveMaximum = 100, unacknowledged = 0): Subscription {
  const session = sessionNamed(clientId);
  connect(session, receiveMaximum, unacknowledged);
  return subscription(session, 't', { shareName: 'g' });
}

function chosen(from: ShareGroup, times: number, publisherId = 'publisher'): string[] {
  return Array.from({ length: times }, () => {
    return from.choose(messageOn('t', publisherId))?.session.clientId ?? 'nobody';
  });
}

test('an empty group chooses nobody, a group of one always that one', () => {
  const one = group(SharedStrategy.roundRobin);
  assert.equal(one.choose(message), undefined);
  one.join(member('a'), true);
  assert.deepEqual(chosen(one, 3), ['a', 'a', 'a']);
});

test('connected members are chosen before offline ones, in every strategy', () => {
  for (const strategy of Object.values(SharedStrategy)) {
    const mixed = group(strategy);
    mixed.join(subscription(sessionNamed('away'), 't', { shareName: 'g' }), false);
    mixed.join(member('here'), true);
    assert.equal(mixed.hasConnectedMember, true);
    assert.deepEqual(chosen(mixed, 4), ['here', 'here', 'here', 'here'], strategy);
  }
});

test('while nobody is connected the offline members share, until one comes', () => {
  const away = group(SharedStrategy.roundRobin);
  for (const name of ['a', 'b']) {
    away.join(subscription(sessionNamed(name), 't', { shareName: 'g' }), false);
  }
  assert.deepEqual(chosen(away, 4).sort(), ['a', 'a', 'b', 'b']);
  const back = member('a');
  away.join(back, true);
  assert.deepEqual(chosen(away, 2), ['a', 'a']);
});

test('a member that joins again takes its own place, and is gone when it leaves', () => {
  const changing = group(SharedStrategy.roundRobin);
  const session = sessionNamed('a');
  connect(session, 10);
  changing.join(subscription(session, 't', { qos: 0 }), true);
  changing.join(subscription(session, 't', { qos: 2 }), true);
  assert.equal(changing.size, 1);
  assert.equal(changing.choose(message)?.qos, 2);
  changing.join(subscription(session, 't', { qos: 2 }), false);
  assert.equal(changing.size, 1);
  assert.equal(changing.hasConnectedMember, false);
  changing.leave(subscription(session, 't'));
  assert.equal(changing.size, 0);
});

test('round-robin gives each member the same share', () => {
  const fair = group(SharedStrategy.roundRobin);
  for (const name of ['a', 'b', 'c']) fair.join(member(name), true);
  const counts = new Map<string, number>();
  for (const name of chosen(fair, 300)) counts.set(name, (counts.get(name) ?? 0) + 1);
  assert.deepEqual([...counts.values()], [100, 100, 100]);
});

test('random goes by the chance it is given', () => {
  const draws = [0.99, 0, 0.5];
  const drawn = group(SharedStrategy.random, () => draws.shift() ?? 0);
  for (const name of ['a', 'b', 'c']) drawn.join(member(name), true);
  assert.deepEqual(chosen(drawn, 3), ['c', 'a', 'b']);
});

test('least-inflight chooses the member with the fewest messages on its hands', () => {
  const weighed = group(SharedStrategy.leastInflight);
  weighed.join(member('a', 100, 5), true);
  weighed.join(member('b', 100, 2), true);
  weighed.join(member('c', 2, 4), true);
  assert.deepEqual(chosen(weighed, 2), ['b', 'b']);
});

test('sticky keeps one publisher with one member, and spreads publishers', () => {
  const sticky = group(SharedStrategy.sticky);
  for (const name of ['a', 'b', 'c', 'd']) sticky.join(member(name), true);
  const members = new Set<string>();
  for (let i = 0; i < 100; i++) {
    const names = new Set(chosen(sticky, 5, `publisher-${i}`));
    assert.equal(names.size, 1);
    for (const name of names) members.add(name);
  }
  assert.equal(members.size, 4);
});

test('a member whose window is full is passed over while another has room', () => {
  for (const strategy of [SharedStrategy.roundRobin, SharedStrategy.random]) {
    const busy = group(strategy);
    busy.join(member('full', 1, 1), true);
    busy.join(member('free'), true);
    busy.join(member('full-too', 2, 3), true);
    assert.deepEqual(chosen(busy, 3), ['free', 'free', 'free'], strategy);
  }
  const allFull = group(SharedStrategy.roundRobin);
  for (const name of ['a', 'b']) allFull.join(member(name, 1, 1), true);
  assert.deepEqual(chosen(allFull, 4).sort(), ['a', 'a', 'b', 'b']);
});
