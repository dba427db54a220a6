/**
 * Cost of giving a packet to a connection: `node bench/connection-output.ts`. Encoding into the buffer that
 * leaves at the end of the turn, with the counters and the check whether the client still takes messages; 100
 * packets in each turn.
 */
import { ConnectionOutput } from '../src/broker/connection-output.ts';
import type { Core } from '../src/broker/core.ts';
import { Counters, defaultSettings, type Link, MemoryStore } from '../src/broker/index.ts';
import { Plugins } from '../src/broker/plugins.ts';
import { StoreWatch } from '../src/broker/store-watch.ts';
import { TimerWheel } from '../src/broker/timer-wheel.ts';
import { MqttVersion, PacketType, type PublishPacket } from '../src/packet/index.ts';
import { type Delivery, Message, QueueTotals, SharedWire } from '../src/session/index.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const calls = 100_000;
const packetsPerTurn = 100;
const version: MqttVersion = MqttVersion.v311;
const nothing = (): void => undefined;
let sink = 0;

const { journal } = new MemoryStore();
const plugins = new Plugins([]);
const core: Core = {
  settings: defaultSettings,
  runtime: { nowMs: () => 0, random: () => 0, afterTurn: nothing },
  plugins,
  counters: new Counters(),
  journal,
  storeWatch: new StoreWatch(journal, plugins),
  wheel: new TimerWheel(0, nothing),
  totals: new QueueTotals(),
};

/** A carrier that has taken everything at once. */
const link: Link = {
  origin: {
    transport: 'memory',
    listenerName: 'bench',
    remoteAddress: '127.0.0.1',
    remotePort: 1,
    reach: 'loopback',
    certificate: undefined,
    encryption: undefined,
  },
  pendingBytes: 0,
  write: (bytes) => {
    sink += bytes.length;
  },
  lend: (bytes) => {
    sink += bytes.length;
    return true;
  },
  requestDrained: nothing,
  pause: nothing,
  resume: nothing,
  end: nothing,
  destroy: nothing,
};

function publish(payloadBytes: number, qos: 0 | 1): PublishPacket {
  return {
    type: PacketType.publish,
    topicName: 'iot/building-7/room-104/sensor-a',
    payload: new Uint8Array(payloadBytes),
    qos,
    retain: false,
    dup: false,
    packetId: qos,
    properties: undefined,
  };
}

function bench(what: string, send: (output: ConnectionOutput, index: number) => void): void {
  const output = new ConnectionOutput(core, link, { wantsFlush: nothing });
  const ns = nsPerCall(calls, () => {
    for (let i = 0; i < calls; i++) {
      if (!output.isCongested) send(output, i);
      if (i % packetsPerTurn === 0) output.flush();
    }
    output.flush();
  });
  line(what, ns, 'ns');
}

for (const payloadBytes of [16, 256, 1024, 16 * 1024]) {
  const packet = publish(payloadBytes, 0);
  bench(`PUBLISH, QoS 0, ${payloadBytes} bytes`, (output) => output.send(packet, version));
}
const atLeastOnce = publish(256, 1);
bench('PUBLISH, QoS 1, 256 bytes', (output) => output.send(atLeastOnce, version));

const fanOut: Delivery = {
  message: new Message({
    topicName: 'iot/building-7/room-104/sensor-a',
    payload: new Uint8Array(256),
    qos: 1,
    retain: false,
    properties: undefined,
    publisherId: 'publisher',
    publisherName: undefined,
    nowMs: 0,
  }),
  qos: 1,
  retain: false,
  subscriptionIdentifiers: undefined,
  share: undefined,
  wire: new SharedWire(),
};
const wire = new SharedWire().for(fanOut, version);
bench('the same, encoded once for many receivers', (output, index) =>
  output.sendShared(fanOut, wire, (index & 0x7fff) + 1),
);
bench('PUBACK', (output, index) =>
  output.send(
    {
      type: PacketType.puback,
      packetId: (index & 0x7fff) + 1,
      reasonCode: 0,
      properties: undefined,
    },
    version,
  ),
);
if (sink === 0) throw new Error('nothing was sent');
