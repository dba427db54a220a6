import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Replay } from './replay.ts';
import { quietSession } from './session.test-kit.ts';
import { expiryIntervalMs, neverExpires } from './session.ts';

/** A replay that answers with these states, one after the other, and then is finished. */
class ScriptedReplay implements Replay {
  readonly key: string;
  asked = 0;
  private readonly states: ReturnType<Replay['pump']>[];

  constructor(key: string, ...states: ReturnType<Replay['pump']>[]) {
    this.key = key;
    this.states = states;
  }

  pump(): ReturnType<Replay['pump']> {
    this.asked++;
    return this.states.shift() ?? 'finished';
  }
}

test('replays go on until they are finished, and say when they want another turn', () => {
  const owner = quietSession();
  const one = new ScriptedReplay('one');
  const two = new ScriptedReplay('two', 'again');
  owner.startReplay(one);
  owner.startReplay(two);
  assert.equal(owner.pumpReplays(0), true);
  assert.equal(owner.pumpReplays(0), false);
  assert.equal(owner.pumpReplays(0), false);
  assert.equal(one.asked, 1);
  assert.equal(two.asked, 2);
});

test('a later replay with the same key takes the place of the earlier one; an ended one is not asked', () => {
  const owner = quietSession();
  const earlier = new ScriptedReplay('same');
  const later = new ScriptedReplay('same');
  const ended = new ScriptedReplay('ended');
  owner.startReplay(earlier);
  owner.startReplay(later);
  owner.startReplay(ended);
  owner.endReplay('ended');
  owner.pumpReplays(0);
  assert.deepEqual([earlier.asked, later.asked, ended.asked], [0, 1, 0]);
  owner.startReplay(ended);
  owner.clear();
  owner.pumpReplays(0);
  assert.equal(ended.asked, 0);
});

test('of many replays that have to wait a few are asked each time, and all of them in turn', () => {
  const owner = quietSession();
  const waiting = Array.from({ length: 1000 }, (_, i) => {
    return new ScriptedReplay(`${i}`, ...Array.from({ length: 5 }, () => 'waiting' as const));
  });
  for (const replay of waiting) owner.startReplay(replay);
  owner.pumpReplays(0);
  const askedAtOnce = waiting.reduce((sum, { asked }) => sum + asked, 0);
  assert.ok(askedAtOnce > 0 && askedAtOnce < 20, `${askedAtOnce} were asked`);
  for (let i = 0; i < 1000 / askedAtOnce; i++) owner.pumpReplays(0);
  assert.ok(waiting.every(({ asked }) => asked > 0));
});

test('[MQTT-3.1.2-23] intervals are milliseconds, and the greatest one never ends', () => {
  assert.equal(expiryIntervalMs(0), 0);
  assert.equal(expiryIntervalMs(10), 10_000);
  assert.equal(expiryIntervalMs(0xffff_fffe), 0xffff_fffe * 1000);
  assert.equal(expiryIntervalMs(0xffff_ffff), neverExpires);
});
