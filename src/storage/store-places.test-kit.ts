import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { MemoryStore, type Store } from '../broker/index.ts';
import { type Durability, FileStore, type FileStoreOptions } from './file-store.ts';
import { promisesSettled, SimulatedScheduler } from './log/simulated-log.test-kit.ts';
import { SimulatedDisk } from './simulated-disk.test-kit.ts';
import type { StorePlace } from './store-conformance.test-kit.ts';

const root = mkdtempSync(join(tmpdir(), 'linnet-store-'));
after(() => rmSync(root, { recursive: true }));

/** So small that every run rolls and compacts many times. */
export const small: Pick<FileStoreOptions, 'segmentBytes' | 'compactFromBytes' | 'ballastBytes'> = {
  segmentBytes: 20_000,
  compactFromBytes: 60_000,
  ballastBytes: 0,
};

export class MemoryPlace implements StorePlace {
  start(): Store {
    return new MemoryStore();
  }
  drive<T>(work: Promise<T>): Promise<T> {
    return work;
  }
  kill(): void {
    assert.fail('a store in memory survives nothing');
  }
  rest(): Promise<void> {
    return Promise.resolve();
  }
}

export class RealPlace implements StorePlace {
  readonly directory: string = mkdtempSync(join(root, 'place-'));
  private readonly mode: Durability;

  constructor(mode: Durability) {
    this.mode = mode;
  }
  start(): Store {
    return new FileStore({ directory: this.directory, mode: this.mode, ...small });
  }
  drive<T>(work: Promise<T>): Promise<T> {
    return work;
  }
  kill(): void {
    // Everything was durable and at rest: the old store has nothing left to do in these files. Only its
    // process is not gone.
    rmSync(join(this.directory, 'journal', 'lock'), { force: true });
  }
  async rest(): Promise<void> {
    let before = '';
    for (let files = this.files(); files !== before; files = this.files()) {
      before = files;
      for (let i = 0; i < 50; i++) await promisesSettled();
    }
  }
  private files(): string {
    return readdirSync(join(this.directory, 'journal')).join();
  }
}

export class SimulatedPlace implements StorePlace {
  disk: SimulatedDisk = new SimulatedDisk(1);
  scheduler: SimulatedScheduler = new SimulatedScheduler();
  private readonly mode: Durability;

  constructor(mode: Durability) {
    this.mode = mode;
  }
  start(options: Partial<FileStoreOptions> = {}): FileStore {
    this.scheduler = new SimulatedScheduler();
    const { disk: io, scheduler, mode } = this;
    return new FileStore({ directory: '/data', mode, io, scheduler, ...small, ...options });
  }
  async drive<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = work.finally(() => {
      isDone = true;
    });
    done.catch(() => undefined);
    for (let rounds = 0; !isDone; rounds++) {
      await this.rest();
      assert.ok(rounds < 1000, 'it never ends');
    }
    return done;
  }
  kill(): void {
    this.disk = this.disk.crash('process');
  }
  async rest(): Promise<void> {
    do await promisesSettled();
    while (this.scheduler.endTurn());
  }
}
