/**
 * A serial device made of software: whoever opens `path` reads what is written here and can answer. Node
 * cannot make a pseudo-terminal itself, so another program holds it: python3, socat or util-linux `script`,
 * whichever is there, and where none is, a TCP port stands in. The helper ends when its input ends, so it
 * does not outlive this process; closing ends it at once, which is how a device is unplugged.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { lstat, symlink, unlink } from 'node:fs/promises';
import net from 'node:net';

export type PseudoTerminalMethod = 'python3' | 'socat' | 'script' | 'tcp';

export interface PseudoTerminal {
  /** What to open: the link, the terminal, or tcp://127.0.0.1:PORT. */
  readonly path: string;
  readonly method: PseudoTerminalMethod;
  /** Sends bytes to the reader. @returns false when nobody takes them at the moment; they wait then. */
  write(bytes: Uint8Array | string): boolean;
  /** Resolves when what waits has been taken; not while nobody reads. Rejects when the device is closed. */
  drained(): Promise<void>;
  /** Unplugs the device and leaves nothing behind. Calls may repeat. */
  close(): Promise<void>;
}

export interface PseudoTerminalOptions {
  /** A symbolic link to make, so that a device can come back under the same path. */
  readonly link?: string | undefined;
  /** Only these, in this order. */
  readonly methods?: readonly PseudoTerminalMethod[] | undefined;
  /** What the reader wrote to the device. */
  readonly received?: ((chunk: Uint8Array) => void) | undefined;
  /** false: a device that never takes what is written to it. Only with python3. */
  readonly reads?: boolean | undefined;
}

const startTimeoutMs = 10_000;

const pythonHolder = `
import os, select, sys, tty
master, slave = os.openpty()
tty.setraw(slave)
sys.stdout.write(os.ttyname(slave) + "\\n")
sys.stdout.flush()
os.set_blocking(master, False)
reads = select.POLLIN if sys.argv[1] == "reads" else 0
poll = select.poll()
poll.register(0, select.POLLIN)
poll.register(master, reads)
waiting = b""
while True:
    poll.modify(0, 0 if len(waiting) >= 65536 else select.POLLIN)
    poll.modify(master, reads | (select.POLLOUT if waiting else 0))
    for descriptor, event in poll.poll():
        if descriptor == 0:
            chunk = os.read(0, 65536) if event & select.POLLIN else b""
            if not chunk:
                sys.exit(0)
            waiting += chunk
            continue
        if event & select.POLLIN:
            os.write(1, os.read(master, 65536))
        if event & select.POLLOUT and waiting:
            waiting = waiting[os.write(master, waiting[:4096]):]
`;

interface Holder {
  readonly command: string;
  readonly parameters: readonly string[];
  /** Where it says the name of the terminal: standard output or standard error. */
  readonly says: 1 | 2;
}

function holderOf(method: Exclude<PseudoTerminalMethod, 'tcp'>, reads: boolean): Holder {
  switch (method) {
    case 'python3':
      return {
        command: 'python3',
        parameters: ['-c', pythonHolder, reads ? 'reads' : 'deaf'],
        says: 1,
      };
    case 'socat':
      return { command: 'socat', parameters: ['-d', '-d', 'pty,raw,echo=0', 'stdio'], says: 2 };
    case 'script':
      // Descriptor 3 ends with this process, and with it the shell that keeps the terminal open.
      return {
        command: 'script',
        parameters: ['-q', '-f', '-c', 'stty raw -echo; tty; exec cat <&3', '/dev/null'],
        says: 1,
      };
    default:
      return method satisfies never;
  }
}

/** @throws {Error} when no method works, with what each of them said. */
export async function openPseudoTerminal(
  options: PseudoTerminalOptions = {},
): Promise<PseudoTerminal> {
  const complaints: string[] = [];
  for (const method of options.methods ?? ['python3', 'socat', 'script', 'tcp']) {
    try {
      return await (method === 'tcp' ? openTcp(options) : openHeld(method, options));
    } catch (error) {
      complaints.push(`${method}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`no pseudo-terminal could be made (${complaints.join('; ')})`);
}

async function openHeld(
  method: Exclude<PseudoTerminalMethod, 'tcp'>,
  options: PseudoTerminalOptions,
): Promise<PseudoTerminal> {
  const holder = holderOf(method, options.reads ?? true);
  const child = spawn(holder.command, holder.parameters, {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const endWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', endWithUs);
  const gone = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const input = child.stdin;
  // The pipe breaks when the helper ends before we do; `gone` tells.
  input?.on('error', () => undefined);
  let device: string;
  try {
    device = await terminalName(child, holder, options.received ?? ((): void => undefined));
    if (options.link !== undefined) await makeLink(device, options.link);
  } catch (error) {
    child.kill('SIGKILL');
    await gone;
    process.off('exit', endWithUs);
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    if (options.link !== undefined) await removeLink(options.link);
    child.kill('SIGKILL');
    await gone;
    process.off('exit', endWithUs);
  };
  return {
    path: options.link ?? device,
    method,
    write: (bytes) => input?.write(bytes) ?? false,
    drained: () =>
      new Promise((resolve, reject) => {
        if (input === null || input.destroyed) reject(new Error('the device is closed'));
        else if (!input.writableNeedDrain) resolve();
        else {
          const ended = (): void => reject(new Error('the device is closed'));
          input.once('close', ended);
          input.once('drain', () => {
            input.off('close', ended);
            resolve();
          });
        }
      }),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

/** Waits until the helper has said its terminal; what follows on standard output is what was received. */
function terminalName(
  child: ChildProcess,
  holder: Holder,
  received: (chunk: Uint8Array) => void,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = Buffer.alloc(0);
    let isKnown = false;
    const timer = setTimeout(
      () => reject(new Error(`it named no terminal within ${startTimeoutMs / 1000} s`)),
      startTimeoutMs,
    );
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    child.once('close', (status) => {
      clearTimeout(timer);
      reject(new Error(`it ended with ${status}: ${said.toString().trim().slice(-300)}`));
    });
    const listen = (chunk: Buffer): void => {
      said = Buffer.concat([said, chunk]).subarray(-4096);
      const name = /(\/dev\/[^\s]+)\r?\n/.exec(said.toString('latin1'));
      if (isKnown || name?.[1] === undefined) return;
      isKnown = true;
      clearTimeout(timer);
      const rest = said.subarray(name.index + name[0].length);
      said = Buffer.alloc(0);
      if (holder.says === 1 && rest.length > 0) received(rest);
      resolve(name[1]);
    };
    child.stdout?.on('data', (chunk: Buffer) => {
      if (isKnown || holder.says === 2) received(chunk);
      else listen(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      if (!isKnown) listen(chunk);
    });
  });
}

async function makeLink(device: string, link: string): Promise<void> {
  await removeLink(link);
  await symlink(device, link);
}

/** Only ever removes a symbolic link: `link` may be mistyped and name a file. */
async function removeLink(link: string): Promise<void> {
  const existing = await lstat(link).catch(() => undefined);
  if (existing?.isSymbolicLink()) await unlink(link);
}

function openTcp(options: PseudoTerminalOptions): Promise<PseudoTerminal> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on('data', (chunk) => options.received?.(chunk));
    // A reader may vanish in any way: `close` follows and says the same.
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') {
        reject(new Error('the TCP port has no number'));
        return;
      }
      resolve({
        path: `tcp://127.0.0.1:${address.port}`,
        method: 'tcp',
        write: (bytes) => [...sockets].every((socket) => socket.write(bytes)),
        drained: async () => {
          for (const socket of sockets) {
            if (!socket.writableNeedDrain) continue;
            await new Promise<void>((taken) => {
              socket.once('drain', () => taken());
              socket.once('close', () => taken());
            });
          }
        },
        close: () => {
          closing ??= close();
          return closing;
        },
      });
    });
  });
}
