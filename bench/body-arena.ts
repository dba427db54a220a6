/** What an owned copy of a message body costs: in a slab with others, and in a buffer of its own. ns per copy. */
import { copyBody, isolatedCopy } from '../src/session/body-arena.ts';

const rounds = 2_000_000;
const held: Uint8Array[] = new Array(100);

for (const size of [16, 256, 1024]) {
  const body = new Uint8Array(size);
  for (const [name, copy] of [
    ['slab', copyBody],
    ['own buffer', isolatedCopy],
  ] as const) {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < rounds; i++) held[i % held.length] = copy(body);
    const ns = Number(process.hrtime.bigint() - begin) / rounds;
    console.log(
      `${String(size).padStart(5)} bytes, ${name.padEnd(10)} ${ns.toFixed(0).padStart(6)} ns`,
    );
  }
}
