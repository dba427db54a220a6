/**
 * Makes a store from the lines of an export. The log is written beside its place and put there when it is
 * complete, so a store is either as it was or the whole import. Messages keep their numbers, as when they
 * are moved by compaction: the log begins behind the last number that the export knows.
 */
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DirectoryLock } from './directory-lock.ts';
import { messageOf, receiverOf, sessionRecord, subscriptionOf } from './export-content.ts';
import { type ExportLine, type MessageLine, parseLine } from './export-line.ts';
import { firstLsnOf } from './log/format.ts';
import { SegmentLog } from './log/segment-log.ts';
import { MessageFlag, writeContent, writeMovedReceiver } from './message-codec.ts';
import { nodeIo, nodeScheduler } from './node-io.ts';
import { OpRecord, presentFlag, writeOp } from './op-codec.ts';
import { journalDirectory } from './recover.ts';
import { keyOf, writeSubscription } from './session-codec.ts';
import { StorageError } from './storage-error.ts';

export interface ImportReport {
  readonly sessions: number;
  readonly subscriptions: number;
  readonly messages: number;
}

/** A line of the export cannot be taken. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

const segmentBytes = 64 * 1024 * 1024;
/** Written and not yet on the disk: then it waits. */
const pendingBytesMax = 8 * 1024 * 1024;

/**
 * @param dataDirectory whose journal has to be empty, or not there
 * @throws ImportError for a line that makes no sense; nothing is changed then
 * @throws StorageError NOT_EMPTY, LOCKED, or when the directory cannot be used
 */
export async function importStore(
  dataDirectory: string,
  lines: AsyncIterable<string>,
): Promise<ImportReport> {
  const directory = journalDirectory(dataDirectory);
  nodeIo.makeDirectorySync(directory);
  if (readdirSync(directory).some((name) => firstLsnOf(name) !== undefined)) {
    const message = `${directory} holds a store already: choose another data directory`;
    throw new StorageError('NOT_EMPTY', message);
  }
  const lock = DirectoryLock.take(join(directory, 'lock'));
  const staging = `${directory}.import`;
  try {
    rmSync(staging, { recursive: true, force: true });
    nodeIo.makeDirectorySync(staging);
    const report = await new Importer(staging).run(lines);
    nodeIo.syncDirectorySync(staging);
    rmSync(directory, { recursive: true });
    renameSync(staging, directory);
    nodeIo.syncDirectorySync(dataDirectory);
    return report;
  } finally {
    if (existsSync(staging)) {
      rmSync(staging, { recursive: true });
      lock?.release();
    }
  }
}

class Importer {
  private readonly directory: string;
  private log: SegmentLog | undefined;
  private lastLsn = 0;
  private lineNumber = 0;
  private subscriptions = 0;
  private readonly sessions = new Map<number, string>();
  private readonly clientIds = new Set<string>();
  private readonly ids = new Set<number>();
  private messages = 0;
  /** Sessions that lines spoke of, by the first of those lines. */
  private readonly mentioned = new Map<number, number>();

  constructor(directory: string) {
    this.directory = directory;
  }

  async run(lines: AsyncIterable<string>): Promise<ImportReport> {
    try {
      for await (const text of lines) {
        this.lineNumber++;
        if (text.trim() === '') continue;
        this.take(text);
        if ((this.log?.pressure().pendingBytes ?? 0) > pendingBytesMax) await this.log?.sync();
      }
      for (const [session, lineNumber] of this.mentioned) {
        if (!this.sessions.has(session)) {
          throw new ImportError(`line ${lineNumber}: there is no session ${session}`);
        }
      }
    } finally {
      await this.open().close();
    }
    if (this.open().isFailed) throw new StorageError('EIO', `${this.directory} cannot be written`);
    const { sessions, subscriptions, messages } = this;
    return { sessions: sessions.size, subscriptions, messages };
  }

  private take(text: string): void {
    const line = parseLine(text);
    if (typeof line === 'string') this.refuse(line);
    else this.write(line);
  }

  private write(line: ExportLine): void {
    switch (line.kind) {
      case 'store':
        if (this.log !== undefined) this.refuse('"store" is for the first line');
        this.lastLsn = line.lastLsn;
        break;
      case 'session': {
        const { session, clientId } = line;
        if (this.sessions.has(session)) this.refuse(`session ${session} was there before`);
        if (this.clientIds.has(clientId)) this.refuse(`clientId ${clientId} was there before`);
        this.sessions.set(session, clientId);
        this.clientIds.add(clientId);
        writeOp(this.open(), { kind: 'session', session, record: sessionRecord(line) });
        break;
      }
      case 'subscription': {
        this.mention(line.session);
        this.subscriptions++;
        const log = this.open();
        const subscription = subscriptionOf(line);
        const writer = log.begin(OpRecord.subscription, presentFlag);
        writer.varint(line.session);
        writer.string(keyOf(subscription));
        writeSubscription(writer, subscription);
        log.end();
        break;
      }
      case 'unreleased':
        this.mention(line.session);
        for (const packetId of line.packetIds) {
          const { session } = line;
          writeOp(this.open(), { kind: 'unreleased', session, packetId, held: true });
        }
        break;
      case 'message':
        this.message(line);
        break;
      default:
        line satisfies never;
    }
  }

  private message(line: MessageLine): void {
    const isRetained = line.retained === true;
    if (line.to.length === 0 && !isRetained) this.refuse('nobody gets this message');
    for (const { session } of line.to) this.mention(session);
    this.messages++;
    const log = this.open();
    const message = messageOf(line);
    if (line.id === undefined) {
      const to = line.to.map((each) => receiverOf(each, 0));
      if (to.some(({ packetId }) => packetId !== 0)) this.refuse('packetId needs an id');
      writeOp(log, { kind: 'message', message, to, retain: isRetained ? 'set' : 'none' });
      return;
    }
    const { id } = line;
    if (this.ids.has(id)) this.refuse(`message ${id} was there before`);
    this.ids.add(id);
    const to = line.to.map((each) => receiverOf(each, id));
    const numbers = [id, ...to.flatMap(({ queuedAt, sentAt }) => [queuedAt, sentAt])];
    if (Math.max(...numbers) > this.lastLsn) {
      this.refuse(`its numbers are larger than lastLsn (${this.lastLsn}) in the line "store"`);
    }
    const flags = MessageFlag.moved | (isRetained ? MessageFlag.retainSet : 0);
    const writer = log.begin(OpRecord.message, flags);
    writer.varint(id);
    writer.varint(to.length);
    for (const each of to) writeMovedReceiver(writer, each);
    writeContent(writer, message);
    log.end();
  }

  private mention(session: number): void {
    if (!this.mentioned.has(session)) this.mentioned.set(session, this.lineNumber);
  }

  private open(): SegmentLog {
    const { directory, lastLsn } = this;
    this.log ??= new SegmentLog(
      {
        io: nodeIo,
        scheduler: nodeScheduler,
        directory,
        mode: 'os',
        segmentBytes,
        fsyncIntervalMs: 200,
        ballastBytes: 0,
      },
      { segments: [], lastLsn, syncedLsn: lastLsn, isClosed: true },
    );
    return this.log;
  }

  private refuse(why: string): never {
    throw new ImportError(`line ${this.lineNumber}: ${why}`);
  }
}
