/**
 * Who holds an address that we wanted. Linux only: the kernel's socket tables name the socket and its
 * user, `/proc/<pid>/fd` the process, as far as we may look into it. Elsewhere, and for the processes of
 * others without the right to look, the answer is less or nothing; it only serves an error text.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { BindAddress } from './options.ts';

export interface PortHolder {
  readonly pid: number | undefined;
  /** The process's name as `ps` shows it. */
  readonly processName: string | undefined;
  readonly user: string | undefined;
  /** The systemd service it belongs to, without `.service`. */
  readonly service: string | undefined;
}

interface SocketEntry {
  readonly inode: string;
  readonly userId: string | undefined;
}

const listenState = '0A';

/** The listening ports of this machine that the kernel tells of; empty where it tells nothing. */
export async function listeningPorts(): Promise<ReadonlySet<number>> {
  return new Set((await tcpRows()).map(({ port }) => port));
}

export async function findPortHolder(address: BindAddress): Promise<PortHolder | undefined> {
  const entry =
    address.path === undefined
      ? (await tcpRows()).find(({ port }) => port === address.port)
      : await unixEntry(address.path);
  if (entry === undefined) return undefined;
  const pid = await processWithSocket(entry.inode);
  const user = entry.userId === undefined ? undefined : await userName(entry.userId);
  if (pid === undefined) {
    return user === undefined
      ? undefined
      : { pid: undefined, processName: undefined, user, service: undefined };
  }
  return {
    pid: Number(pid),
    processName: await processName(pid),
    user: user ?? (await userName(await processUser(pid))),
    service: await serviceOf(pid),
  };
}

/** Rows `sl local remote state … uid timeout inode`, numbers in hexadecimal. */
async function tcpRows(): Promise<(SocketEntry & { readonly port: number })[]> {
  const tables = await Promise.all([readText('/proc/net/tcp'), readText('/proc/net/tcp6')]);
  return tables
    .flatMap((table) => table.split('\n'))
    .flatMap((line) => {
      const columns = line.trim().split(/\s+/);
      const [, local = '', , state] = columns;
      const inode = columns[9];
      if (state !== listenState || inode === undefined) return [];
      const port = Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16);
      return [{ port, inode, userId: columns[7] }];
    });
}

/** Rows `Num RefCount Protocol Flags Type St Inode Path`. */
async function unixEntry(path: string): Promise<SocketEntry | undefined> {
  const table = await readText('/proc/net/unix');
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    const inode = columns[6];
    if (inode !== undefined && columns.slice(7).join(' ') === path) {
      return { inode, userId: undefined };
    }
  }
  return undefined;
}

async function processWithSocket(inode: string): Promise<string | undefined> {
  const wanted = `socket:[${inode}]`;
  const processes = (await entriesOf('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    for (const descriptor of await entriesOf(`/proc/${pid}/fd`)) {
      if ((await linkTarget(`/proc/${pid}/fd/${descriptor}`)) === wanted) return pid;
    }
  }
  return undefined;
}

/** Node names its main thread `node-MainThread` or `MainThread`, which nobody would recognise. */
async function processName(pid: string): Promise<string | undefined> {
  const name = (await readText(`/proc/${pid}/comm`)).trim();
  if (/(?:^|-)MainThread$/.test(name)) return 'node';
  return name === '' ? undefined : name;
}

async function processUser(pid: string): Promise<string> {
  return /^Uid:\s*(\d+)/m.exec(await readText(`/proc/${pid}/status`))?.[1] ?? '';
}

async function userName(userId: string): Promise<string | undefined> {
  if (userId === '') return undefined;
  const users = await readText('/etc/passwd');
  const row = users.split('\n').find((line) => line.split(':')[2] === userId);
  return row?.split(':')[0] ?? `id ${userId}`;
}

async function serviceOf(pid: string): Promise<string | undefined> {
  const groups = await readText(`/proc/${pid}/cgroup`);
  return /system\.slice\/(?:[^/\n]+\/)*?([^/\n]+)\.service/.exec(groups)?.[1];
}

/** The three below answer "nothing" where they may not look: what they find only decorates an error. */
async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}

async function entriesOf(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

async function linkTarget(path: string): Promise<string | undefined> {
  return readlink(path).catch(() => undefined);
}
