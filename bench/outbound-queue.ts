/**
 * Cost of the way from a connection's buffer to the system call: `node bench/outbound-queue.ts`. Connections
 * that write a number of chunks each; the socket takes everything at once, or only after that.
 */
import { OutboundQueue, type OutboundSink } from '../src/listener/outbound-queue.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

let sink = 0;

/** A socket, and what it was asked to call when it has taken everything. */
class Socket implements OutboundSink {
  private readonly isSlow: boolean;
  private taken: (() => void) | undefined;

  constructor(isSlow: boolean) {
    this.isSlow = isSlow;
  }

  send(chunk: Uint8Array): boolean {
    sink += chunk.length;
    return !this.isSlow;
  }

  sendMany(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) sink += chunk.length;
    return !this.isSlow;
  }

  whenTaken(callback: () => void): void {
    this.taken = callback;
  }

  take(): void {
    for (let call = this.taken; call !== undefined; call = this.taken) {
      this.taken = undefined;
      call();
    }
  }
}

function bench(
  connections: number,
  chunksPerTurn: number,
  chunkBytes: number,
  isSlow: boolean,
): void {
  const sockets = Array.from({ length: connections }, () => new Socket(isSlow));
  const queues = sockets.map((socket) => new OutboundQueue(socket, { drained: () => undefined }));
  const chunk = new Uint8Array(chunkBytes);
  const turns = Math.ceil(100_000 / (connections * chunksPerTurn));
  const ns = nsPerCall(turns * connections * chunksPerTurn, () => {
    for (let turn = 0; turn < turns; turn++) {
      for (const queue of queues) {
        for (let i = 0; i < chunksPerTurn; i++) queue.lend(chunk);
      }
      for (const socket of sockets) socket.take();
    }
  });
  const how = isSlow ? 'taken late' : 'taken at once';
  line(`${connections} connections, ${chunksPerTurn} x ${chunkBytes} bytes each, ${how}`, ns, 'ns');
}

for (const isSlow of [false, true]) {
  bench(1, 1, 64, isSlow);
  bench(100, 1, 64, isSlow);
  bench(100, 10, 64, isSlow);
  bench(100, 10, 16 * 1024, isSlow);
}
if (sink === 0) throw new Error('nothing was sent');
