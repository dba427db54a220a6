/**
 * Cost of the output buffer: `node bench/packet-writer.ts`. Appending pieces of several sizes and taking them
 * in portions of 64 KiB, as a busy connection does, or one by one, as an idle one does.
 */
import { PacketWriter } from '../src/packet/index.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const takeBytes = 64 * 1024;
const calls = 200_000;
let sink = 0;

function pieces(size: number, portionBytes: number): () => void {
  const writer = new PacketWriter();
  const piece = new Uint8Array(size).fill(1);
  return () => {
    for (let i = 0; i < calls; i++) {
      writer.bytes(piece);
      if (writer.length >= portionBytes) sink += writer.take().length;
    }
  };
}

for (const size of [4, 64, 300, 1024]) {
  line(`append ${size} bytes, taken at 64 KiB`, nsPerCall(calls, pieces(size, takeBytes)), 'ns');
}
line('append 64 bytes, taken one by one', nsPerCall(calls, pieces(64, 1)), 'ns');

function strings(text: string): () => void {
  const writer = new PacketWriter();
  return () => {
    for (let i = 0; i < calls; i++) {
      writer.string(text);
      if (writer.length >= takeBytes) sink += writer.take().length;
    }
  };
}

const short = 'iot/building-7/room-104/sensor-a';
line(`string of ${short.length} characters`, nsPerCall(calls, strings(short)), 'ns');
const long = `${short}/${'level/'.repeat(12)}`;
line(`string of ${long.length} characters`, nsPerCall(calls, strings(long)), 'ns');
const notAscii = 'gebäude/größe/straße/tür';
line(
  `string of ${notAscii.length} characters, not ASCII`,
  nsPerCall(calls, strings(notAscii)),
  'ns',
);
if (sink === 0) throw new Error('nothing was written');
