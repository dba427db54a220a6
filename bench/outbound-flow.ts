/**
 * Cost of what the broker keeps of a message for one Session: `node bench/outbound-flow.ts`. Delivering and
 * acknowledging, with windows of several sizes, and through the queue when the window is full. The packets
 * themselves go nowhere, so what is left is the window, the queue and the copy of the body.
 */
import { QueueTotals } from '../src/session/bounded-queue.ts';
import {
  type Delivery,
  type DeliveryPort,
  Message,
  OutboundFlow,
  QueueOverflow,
} from '../src/session/index.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

const calls = 100_000;
const nowMs = 1_000_000;
const payload = new Uint8Array(256);
const nothing = (): void => undefined;

/** A connection that takes everything and remembers the Packet Identifiers. */
class SinkPort implements DeliveryPort {
  readonly isCongested = false;
  readonly holdsBack = false;
  packetIds: Uint16Array = new Uint16Array(65_536);
  count = 0;
  private spare: Uint16Array = new Uint16Array(65_536);

  sendPublish(_delivery: Delivery, packetId: number): boolean {
    this.packetIds[this.count++] = packetId;
    return true;
  }

  sendPubrel(): void {}

  whenDurable(_lsn: number, send: () => void): void {
    send();
  }

  /** The identifiers so far, in an array that is good until the next call. */
  take(): Uint16Array {
    const taken = this.packetIds;
    this.packetIds = this.spare;
    this.spare = taken;
    this.count = 0;
    return taken;
  }
}

function start(receiveMaximum: number): { flow: OutboundFlow; port: SinkPort } {
  const observer = {
    dropped: nothing,
    delivered: () => 0,
    settled: nothing,
    released: () => 0,
    overflowDisconnect: nothing,
  };
  const limits = {
    messagesMax: Infinity,
    bytesMax: Infinity,
    queueQoS0Offline: false,
    overflowFor: () => QueueOverflow.dropOldest,
  };
  const flow = new OutboundFlow(observer, limits, new QueueTotals());
  const port = new SinkPort();
  flow.attach(port, receiveMaximum);
  return { flow, port };
}

function delivery(qos: 0 | 1 | 2): Delivery {
  return {
    message: new Message({
      topicName: 'iot/building-7/room-104/sensor-a',
      payload,
      qos,
      retain: false,
      properties: undefined,
      publisherId: 'publisher',
      publisherName: undefined,
      nowMs,
    }),
    qos,
    retain: false,
    subscriptionIdentifiers: undefined,
    share: undefined,
    wire: undefined,
  };
}

/** Answers everything that was sent, as often as there is something. */
function answerAll(flow: OutboundFlow, port: SinkPort, qos: 1 | 2): void {
  while (port.count > 0) {
    const { count } = port;
    const packetIds = port.take();
    for (let i = 0; i < count; i++) {
      const packetId = packetIds[i] ?? 0;
      if (qos === 1) flow.acknowledged(packetId, 0, nowMs);
      else {
        flow.received(packetId, 0, nowMs);
        flow.completed(packetId, nowMs);
      }
    }
  }
}

function benchWindow(qos: 1 | 2, size: number): void {
  const { flow, port } = start(65_535);
  const ns = nsPerCall(calls, () => {
    for (let i = 0; i < calls; i++) {
      flow.deliver(delivery(qos), nowMs);
      if (port.count === size) answerAll(flow, port, qos);
    }
    answerAll(flow, port, qos);
  });
  line(`deliver and acknowledge, QoS ${qos}, ${size} under way`, ns, 'ns');
}

function benchQueue(waiting: number): void {
  const { flow, port } = start(20);
  const ns = nsPerCall(calls, () => {
    for (let i = 0; i < calls; i++) {
      flow.deliver(delivery(1), nowMs);
      if (i % waiting === 0) answerAll(flow, port, 1);
    }
    answerAll(flow, port, 1);
  });
  line(`the same, QoS 1, through a queue of ${waiting}`, ns, 'ns');
}

const { flow } = start(65_535);
const deliverOnce = nsPerCall(calls, () => {
  for (let i = 0; i < calls; i++) flow.deliver(delivery(0), nowMs);
});
line('deliver, QoS 0', deliverOnce, 'ns');
for (const qos of [1, 2] as const) {
  for (const size of [1, 100, 10_000]) benchWindow(qos, size);
}
for (const waiting of [100, 10_000]) benchQueue(waiting);
