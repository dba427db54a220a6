/**
 * What it costs that a PUBLISH travels as an object of its own with a view of its payload, instead of one
 * reused record of positions in the chunk. Both read the same bytes the same way; only the last step
 * differs. Prints ns per packet. `node bench/publish-object.ts`
 */
import { encodePacket, PacketType } from '../src/packet/index.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const packets = 1000;
const rounds = 500;

const one = encodePacket(
  {
    type: PacketType.publish,
    topicName: 'iot/sensors/fromserial/A0B1C2/temperature',
    payload: new Uint8Array(256),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
  },
  4,
);
const chunk = new Uint8Array(one.length * packets);
for (let i = 0; i < packets; i++) chunk.set(one, i * one.length);
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

interface Publish {
  readonly type: 3;
  readonly topicName: string;
  readonly payload: Uint8Array;
  readonly qos: number;
  readonly retain: boolean;
  readonly dup: boolean;
  readonly packetId: number;
  readonly properties: undefined;
}

const record = { topicName: '', payloadStart: 0, payloadEnd: 0, flags: 0, packetId: 0 };
let checksum = 0;

function asObject(start: number, topicEnd: number, end: number): void {
  const packet: Publish = {
    type: 3,
    topicName: decoder.decode(chunk.subarray(start, topicEnd)),
    payload: chunk.subarray(topicEnd, end),
    qos: 0,
    retain: false,
    dup: false,
    packetId: 0,
    properties: undefined,
  };
  checksum += packet.topicName.length + packet.payload.length;
}

function asRecord(start: number, topicEnd: number, end: number): void {
  record.topicName = decoder.decode(chunk.subarray(start, topicEnd));
  record.payloadStart = topicEnd;
  record.payloadEnd = end;
  record.flags = 0;
  record.packetId = 0;
  checksum += record.topicName.length + record.payloadEnd - record.payloadStart;
}

function everyPacket(step: (start: number, topicEnd: number, end: number) => void): () => void {
  return () => {
    for (let round = 0; round < rounds; round++) {
      for (let i = 0; i < packets; i++) {
        const at = i * one.length;
        const topicLength = ((chunk[at + 3] ?? 0) << 8) | (chunk[at + 4] ?? 0);
        step(at + 5, at + 5 + topicLength, at + one.length);
      }
    }
  };
}

const calls = packets * rounds;
line('an object and a view for each PUBLISH', nsPerCall(calls, everyPacket(asObject)), 'ns');
line('one reused record of positions', nsPerCall(calls, everyPacket(asRecord)), 'ns');
if (checksum === 0) throw new Error('nothing was read');
