import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PacketIdPool, packetIdMax } from './packet-id-pool.ts';

test('[MQTT-2.2.1-3] [MQTT-2.2.1-4] identifiers are never 0 and never in use twice, whatever the order of release', () => {
  const pool = new PacketIdPool();
  const inUse = new Set<number>();
  let state = 7;
  for (let step = 0; step < 200_000; step++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    if (inUse.size < 500 && state % 3 !== 0) {
      const id = pool.allocate();
      assert.ok(id >= 1 && id <= packetIdMax && !inUse.has(id), `${id} at step ${step}`);
      inUse.add(id);
    } else if (inUse.size > 0) {
      const ids = [...inUse];
      const id = ids[state % ids.length] as number;
      inUse.delete(id);
      pool.release(id);
    }
  }
  assert.ok(Math.max(...inUse) <= 600, 'the numbers stay dense');
});

test('a released identifier is not the next one', () => {
  const pool = new PacketIdPool();
  const first = pool.allocate();
  pool.release(first);
  for (let i = 0; i < 60; i++) assert.notEqual(pool.allocate(), first);
});

test('all 65,535 can be in use, and come back', () => {
  const pool = new PacketIdPool();
  for (let i = 1; i <= packetIdMax; i++) pool.allocate();
  assert.throws(() => pool.allocate(), /in use/);
  pool.release(4711);
  assert.equal(pool.allocate(), 4711);
});

test('a reserved identifier is given to nobody else', () => {
  const pool = new PacketIdPool();
  pool.reserve(5);
  pool.reserve(3);
  const given = Array.from({ length: 200 }, () => pool.allocate());
  assert.equal(new Set(given).size, 200);
  assert.ok(!given.includes(5) && !given.includes(3));
});
