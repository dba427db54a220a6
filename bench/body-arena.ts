/** What an owned copy of a message body costs: in a slab with others, and in a buffer of its own. `node bench/body-arena.ts` */
import { BodyArena, isolatedCopy } from '../src/session/body-arena.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const calls = 200_000;
const held: unknown[] = new Array(100);
const arena = new BodyArena(16 * 1024);

for (const size of [16, 256, 1024]) {
  const body = new Uint8Array(size);
  for (const [name, copy] of [
    ['in a slab', (bytes: Uint8Array) => arena.add(bytes)],
    ['in a buffer of its own', isolatedCopy],
  ] as const) {
    const ns = nsPerCall(calls, () => {
      for (let i = 0; i < calls; i++) held[i % held.length] = copy(body);
    });
    line(`copy of ${size} bytes ${name}`, ns, 'ns');
  }
}
