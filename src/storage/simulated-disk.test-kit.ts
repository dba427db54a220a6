/**
 * A disk in memory that forgets. It keeps what a power cut cannot undo (`stable`) apart from what the
 * operating system only promised (`unsynced`, in the order of the calls), and makes of both what a machine
 * may find after a cut: nothing of the unsynced, a prefix of it, or any subset, torn in sectors. Asynchronous
 * operations wait in a queue; each takes effect when the test lets it (`step`), so that a test decides what
 * was under way when the power went. One seed gives one run.
 */
import { dirname } from 'node:path';
import { FileContent } from './file-content.test-kit.ts';
import type { DirectoryEntry, Io, IoFile } from './io.ts';
import { SeededChance } from './seeded-chance.test-kit.ts';

/** What ended the process: only itself, or the power with all, some or none of what was not synced. */
export type CrashKind = 'process' | 'drop' | 'prefix' | 'reorder';

type OperationKind = 'create' | 'open' | 'write' | 'read' | 'sync' | 'unlink' | 'sync-directory';

interface Inode {
  current: FileContent;
  stable: FileContent;
}

type Unsynced =
  | { kind: 'write'; inode: Inode; data: Uint8Array; position: number }
  | { kind: 'name'; path: string; inode: Inode | undefined };

interface Waiting {
  readonly kind: OperationKind;
  readonly run: () => void;
  readonly fail: (error: Error) => void;
  /** Of a write: what a crash may leave half done. */
  readonly write: { inode: Inode; data: Uint8Array; position: number } | undefined;
  stepsLeft: number;
}

const sectorBytes = 512;

export class SimulatedDisk implements Io {
  /** Operations take effect by themselves, at the next microtask. */
  isAutomatic: boolean = true;
  /** How many further operations a sync lets pass first. */
  syncSteps: number = 0;
  /** Bytes of all files together; beyond that, ENOSPC. */
  capacityBytes: number = Infinity;
  /** Operations done so far, synchronous ones not counted. */
  operations: number = 0;
  /** Asked before each operation; a code makes it fail. */
  fault: (kind: OperationKind, operation: number) => string | undefined = () => undefined;
  private readonly chance: SeededChance;
  private names = new Map<string, Inode>();
  private stableNames = new Map<string, Inode>();
  private unsynced: Unsynced[] = [];
  private waiting: Waiting[] = [];
  private isDead = false;

  constructor(seed = 1) {
    this.chance = new SeededChance(seed);
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const { current } of this.names.values()) bytes += current.size;
    return bytes;
  }

  get waitingCount(): number {
    return this.waiting.length;
  }

  /** Lets one waiting operation take effect, in order. @returns false when none waits. */
  step(): boolean {
    const first = this.waiting[0];
    if (first === undefined) return false;
    if (first.stepsLeft-- > 0) return true;
    this.waiting.shift();
    const code = this.fault(first.kind, this.operations++);
    if (code === undefined) first.run();
    else first.fail(diskError(code, first.kind));
    return true;
  }

  /** What the next process finds. This disk answers nobody any more. */
  crash(kind: CrashKind): SimulatedDisk {
    this.isDead = true;
    const next = new SimulatedDisk(this.chance.below(0x7fff_ffff));
    if (kind === 'process') {
      this.tearWaitingWrite();
      for (const [path, inode] of this.names) next.adopt(path, inode.current);
      return next;
    }
    const names = new Map(this.stableNames);
    for (const change of this.survivors(kind)) {
      if (change.kind === 'write') change.inode.stable.write(change.data, change.position);
      else if (change.inode === undefined) names.delete(change.path);
      else names.set(change.path, change.inode);
    }
    for (const [path, inode] of names) next.adopt(path, inode.stable);
    return next;
  }

  // ---- for tests that damage files ------------------------------------------------------------------------

  contentOf(path: string): Uint8Array {
    const { current } = this.inodeOf(path);
    return current.bytes.subarray(0, current.size);
  }

  paths(): string[] {
    return [...this.names.keys()].sort();
  }

  // ---- Io: asynchronous -------------------------------------------------------------------------------------

  create(path: string): Promise<IoFile> {
    return this.perform('create', () => {
      const inode: Inode = { current: new FileContent(), stable: new FileContent() };
      this.name(path, inode);
      return this.fileOf(inode);
    });
  }

  open(path: string): Promise<IoFile> {
    return this.perform('open', () => this.fileOf(this.inodeOf(path)));
  }

  unlink(path: string): Promise<void> {
    return this.perform('unlink', () => this.unlinkSync(path));
  }

  syncDirectory(path: string): Promise<void> {
    return this.perform('sync-directory', () => this.syncDirectorySync(path));
  }

  freeBytes(_path: string): Promise<number> {
    return Promise.resolve(this.capacityBytes - this.usedBytes);
  }

  // ---- Io: synchronous ----------------------------------------------------------------------------------------

  makeDirectorySync(_path: string): void {
    // Directories are where files say they are.
  }

  listSync(path: string): DirectoryEntry[] {
    const inside = [...this.names].filter(([name]) => dirname(name) === path);
    return inside.map(([name, { current }]) => {
      return { name: name.slice(path.length + 1), sizeBytes: current.size };
    });
  }

  readSync(path: string, position: number, target: Uint8Array): number {
    const { current } = this.inodeOf(path);
    const end = Math.min(current.size, position + target.length);
    target.set(current.bytes.subarray(position, Math.max(position, end)));
    return Math.max(0, end - position);
  }

  writeFileSync(path: string, bytes: Uint8Array): void {
    if (this.usedBytes + bytes.length > this.capacityBytes) throw diskError('ENOSPC', 'write');
    const inode: Inode = { current: new FileContent(), stable: new FileContent() };
    inode.current.write(bytes, 0);
    inode.stable.write(bytes, 0);
    this.name(path, inode);
  }

  truncateSync(path: string, sizeBytes: number): void {
    const inode = this.inodeOf(path);
    this.syncInode(inode);
    inode.current.truncate(sizeBytes);
    inode.stable.truncate(sizeBytes);
  }

  syncSync(path: string): void {
    this.syncInode(this.inodeOf(path));
  }

  renameSync(from: string, to: string): void {
    this.name(to, this.inodeOf(from));
    this.name(from, undefined);
  }

  unlinkSync(path: string): void {
    this.inodeOf(path);
    this.name(path, undefined);
  }

  syncDirectorySync(path: string): void {
    for (const change of this.unsynced) {
      if (change.kind !== 'name' || dirname(change.path) !== path) continue;
      if (change.inode === undefined) this.stableNames.delete(change.path);
      else this.stableNames.set(change.path, change.inode);
    }
    this.unsynced = this.unsynced.filter((change) => {
      return change.kind !== 'name' || dirname(change.path) !== path;
    });
  }

  // ---- inside -----------------------------------------------------------------------------------------------------

  private fileOf(inode: Inode): IoFile {
    return {
      write: (data, position) => {
        const write = { inode, data, position };
        return this.perform('write', () => this.write(inode, data, position), write);
      },
      read: (position, length) =>
        this.perform('read', () => {
          const { current } = inode;
          return current.bytes.slice(position, Math.min(current.size, position + length));
        }),
      sync: () => this.perform('sync', () => this.syncInode(inode)),
      close: () => Promise.resolve(),
    };
  }

  /** As a file system does it: as much as there is room for, then the error at the next call. */
  private write(inode: Inode, data: Uint8Array, position: number): number {
    const room = this.capacityBytes - this.usedBytes;
    if (room <= 0) throw diskError('ENOSPC', 'write');
    const written = data.slice(0, Math.min(data.length, room));
    inode.current.write(written, position);
    this.unsynced.push({ kind: 'write', inode, data: written, position });
    return written.length;
  }

  private perform<T>(
    kind: OperationKind,
    effect: () => T,
    write: Waiting['write'] = undefined,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isDead) return;
      const run = (): void => {
        try {
          resolve(effect());
        } catch (error) {
          reject(error);
        }
      };
      const stepsLeft = kind === 'sync' ? this.syncSteps : 0;
      this.waiting.push({ kind, run, fail: reject, write, stepsLeft });
      if (this.isAutomatic) queueMicrotask(() => this.stepAutomatically());
    });
  }

  private stepAutomatically(): void {
    if (!this.isAutomatic || this.isDead) return;
    if (this.step() && this.waiting.length > 0) queueMicrotask(() => this.stepAutomatically());
  }

  private name(path: string, inode: Inode | undefined): void {
    if (inode === undefined) this.names.delete(path);
    else this.names.set(path, inode);
    this.unsynced.push({ kind: 'name', path, inode });
  }

  private inodeOf(path: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) throw diskError('ENOENT', `open ${path}`);
    return inode;
  }

  private syncInode(inode: Inode): void {
    for (const change of this.unsynced) {
      if (change.kind === 'write' && change.inode === inode) {
        inode.stable.write(change.data, change.position);
      }
    }
    this.unsynced = this.unsynced.filter((change) => {
      return change.kind !== 'write' || change.inode !== inode;
    });
  }

  private adopt(path: string, content: FileContent): void {
    const inode: Inode = { current: content.copy(), stable: content.copy() };
    this.names.set(path, inode);
    this.stableNames.set(path, inode);
  }

  /** A write that was under way may be there in part. */
  private tearWaitingWrite(): void {
    const write = this.waiting[0]?.write;
    if (write === undefined) return;
    const part = write.data.subarray(0, this.chance.below(write.data.length + 1));
    if (part.length > 0) write.inode.current.write(part, write.position);
  }

  private survivors(kind: 'drop' | 'prefix' | 'reorder'): Unsynced[] {
    if (kind === 'drop') return [];
    const waiting = this.waiting.flatMap(({ write }) =>
      write === undefined ? [] : [{ kind: 'write' as const, ...write }],
    );
    const all: Unsynced[] = [...this.unsynced, ...waiting];
    if (kind === 'reorder') return all.flatMap((change) => this.torn(change));
    const kept = all.slice(0, this.chance.below(all.length + 1));
    const last = kept.pop();
    return last === undefined ? [] : [...kept, ...this.torn(last)];
  }

  /** Any of the sectors of a write; a name is there or not. */
  private torn(change: Unsynced): Unsynced[] {
    if (this.chance.oneIn(3)) return [];
    if (change.kind === 'name' || this.chance.oneIn(2)) return [change];
    const { inode, data, position } = change;
    const kept: Unsynced[] = [];
    for (let at = 0; at < data.length; ) {
      const end = Math.min(data.length, at + sectorBytes - ((position + at) % sectorBytes));
      if (!this.chance.oneIn(3)) {
        kept.push({ kind: 'write', inode, data: data.subarray(at, end), position: position + at });
      }
      at = end;
    }
    return kept;
  }
}

function diskError(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${what}`), { code });
}
