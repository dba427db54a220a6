/**
 * Reads of all sockets into one buffer. Node's `data` events make a buffer of 64 KiB for each read, however
 * little comes, and with many clients that send little that is most of what a message costs. `net.Socket` has
 * the remedy, its `onread` option, but only sockets that one makes oneself can have it: a server makes its
 * own. So this sets on an accepted socket what the option would have set. Where Node's internals are not the
 * ones known here nothing is touched, and the caller stays with `data` events: right, but slower.
 */
import type { Socket } from 'node:net';

/** As much as a `data` event brings at most. */
const bufferBytes = 64 * 1024;

/**
 * The event loop reads up to 32 times from a socket that always has more, before it looks at another one. Who
 * floods is left after so many for the next turn, so that others wait for a quarter of a mebibyte and not for two.
 */
const fullReadsMax = 4;

/** Of all sockets: each read is handled before the next one begins. */
const memory = new ArrayBuffer(bufferBytes);
const buffer = new Uint8Array(memory);

/** What `onread` sets (Node's lib/net.js); the symbols are found by their names. */
interface SocketInternals {
  readonly _handle?: { useUserBuffer?(buffer: Uint8Array): void };
  [key: symbol]: unknown;
}

interface ReadSymbols {
  readonly buffer: symbol;
  readonly callback: symbol;
}

let known: ReadSymbols | undefined;

/**
 * From now on `received` gets what arrives, as a view that is good until it returns, and `data` events never
 * come; everything else of the socket stays as it is. To be called before the first turn of the event loop
 * that follows the making of the socket.
 * @returns false when this Node does not offer it: nothing was changed
 */
export function readShared(socket: Socket, received: (chunk: Uint8Array) => void): boolean {
  const internals = socket as unknown as SocketInternals;
  const handle = internals._handle;
  known ??= symbolsOf(socket);
  const symbols = known;
  if (typeof handle?.useUserBuffer !== 'function' || symbols === undefined) return false;
  if (internals[symbols.buffer] !== null || internals[symbols.callback] !== null) return false;
  if (socket.readableLength > 0) return false; // TLS may have brought data with its handshake.
  internals[symbols.buffer] = buffer;
  let fullReads = 0;
  internals[symbols.callback] = (length: number): boolean => {
    received(new Uint8Array(memory, 0, length));
    fullReads = length === bufferBytes ? fullReads + 1 : 0;
    if (fullReads < fullReadsMax) return true;
    fullReads = 0;
    setImmediate(goOn, socket);
    return false; // It stops the reads.
  };
  handle.useUserBuffer(buffer);
  if (socket.isPaused()) socket.pause(); // Before, that only held back the stream; now it stops the reads.
  return true;
}

function goOn(socket: Socket): void {
  if (!socket.destroyed && !socket.isPaused()) socket.resume();
}

function symbolsOf(socket: Socket): ReadSymbols | undefined {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined =>
    symbols.find((symbol) => symbol.description === name);
  const bufferSymbol = named('kBuffer');
  const callback = named('kBufferCb');
  if (bufferSymbol === undefined || callback === undefined) return undefined;
  return { buffer: bufferSymbol, callback };
}
