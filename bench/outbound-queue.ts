/**
 * Cost of the way from a connection's buffer to the system call: `node bench/outbound-queue.ts`. Turns in which
 * a number of connections have written a number of chunks each; the socket takes everything at once.
 */
import { OutboundQueue, type OutboundSink, TurnEnd } from '../src/listener/outbound-queue.ts';
import { line } from './measure.ts';
import { nsPerCall } from './timing.ts';

let sink = 0;
const socket: OutboundSink = {
  send: (chunk, taken) => {
    sink += chunk.length;
    taken();
  },
  sendMany: (chunks, taken) => {
    for (const chunk of chunks) sink += chunk.length;
    taken();
  },
};

function bench(connections: number, chunksPerTurn: number, chunkBytes: number): void {
  let endTurn = (): void => undefined;
  const turnEnd = new TurnEnd((callback) => {
    endTurn = callback;
  });
  const queues = Array.from(
    { length: connections },
    () => new OutboundQueue(socket, turnEnd, () => undefined),
  );
  const chunk = new Uint8Array(chunkBytes);
  const turns = Math.ceil(100_000 / (connections * chunksPerTurn));
  const ns = nsPerCall(turns * connections * chunksPerTurn, () => {
    for (let turn = 0; turn < turns; turn++) {
      for (const queue of queues) {
        for (let i = 0; i < chunksPerTurn; i++) queue.write(chunk);
      }
      endTurn();
    }
  });
  const what = `${connections} connections, ${chunksPerTurn} x ${chunkBytes} bytes in each turn`;
  line(what, ns, 'ns');
}

bench(1, 1, 64);
bench(100, 1, 64);
bench(100, 1, 16 * 1024);
bench(100, 10, 64);
bench(100, 10, 16 * 1024);
if (sink === 0) throw new Error('nothing was sent');
