import type { Random } from './random.ts';

/** Values at which decoders change their mind. */
const interesting = [0x00, 0x01, 0x02, 0x03, 0x7f, 0x80, 0x81, 0xbf, 0xc0, 0xed, 0xfe, 0xff];

/** One damaged copy of a packet. Half of them get a Remaining Length that fits, to damage what is inside. */
export function mutate(
  packet: Uint8Array,
  others: readonly Uint8Array[],
  random: Random,
): number[] {
  const bytes = [...packet];
  mutateOnce(bytes, others, random);
  while (random.next() < 0.4) mutateOnce(bytes, others, random);
  if (random.next() < 0.5) fitRemainingLength(bytes);
  return bytes;
}

function mutateOnce(bytes: number[], others: readonly Uint8Array[], random: Random): void {
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(4);
  switch (random.below(8)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
      return;
    case 1:
      bytes[at] = random.below(256);
      return;
    case 2:
      bytes[at] = random.oneOf(interesting);
      return;
    case 3:
      bytes.splice(at, length);
      return;
    case 4:
      bytes.splice(at, 0, ...Array.from({ length }, () => random.below(256)));
      return;
    case 5:
      bytes.splice(at, 0, ...bytes.slice(at, at + 1 + random.below(16)));
      return;
    case 6:
      bytes.length = Math.min(bytes.length, at);
      return;
    default: {
      const other = random.oneOf(others);
      const from = random.below(other.length);
      bytes.splice(at, random.below(8), ...other.subarray(from, from + 1 + random.below(24)));
    }
  }
}

/** Of a packet with fewer than 128 bytes behind its fixed header. */
function fitRemainingLength(bytes: number[]): void {
  if (bytes.length >= 2 && bytes.length < 130) bytes[1] = bytes.length - 2;
}
