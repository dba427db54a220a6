/**
 * A backup is one tar file (ustar), so that any tar can look into it and take it apart. Written here in a few
 * lines, because regular files are all there is to it. Sizes from 8 GiB on are written as GNU tar does.
 * Rejected: compression (messages of many small sensors apart, gzip can be put behind it) and a format of our own.
 */
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';

const blockBytes = 512;
const pieceBytes = 1024 * 1024;
const octalSizeMax = 0o77777777777;

export interface ArchivedFile {
  /** With `/` between folders. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Writes a tar file, entry by entry. */
export class ArchiveWriter {
  readonly files: ArchivedFile[] = [];
  private readonly descriptor: number;
  private readonly nowMs: number;

  /** @param descriptor a file open for writing, at its begin */
  constructor(descriptor: number, nowMs: number) {
    this.descriptor = descriptor;
    this.nowMs = nowMs;
  }

  addBytes(name: string, bytes: Uint8Array): void {
    this.write(header(name, bytes.length, this.nowMs));
    this.write(bytes);
    this.pad(bytes.length);
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    this.files.push({ name, sizeBytes: bytes.length, sha256 });
  }

  /** The first `sizeBytes` of an open file. @throws {Error} when it is shorter */
  addFile(name: string, source: number, sizeBytes: number): void {
    this.write(header(name, sizeBytes, this.nowMs));
    const hash = createHash('sha256');
    const piece = new Uint8Array(pieceBytes);
    for (let at = 0; at < sizeBytes; ) {
      const count = readSync(source, piece, 0, Math.min(pieceBytes, sizeBytes - at), at);
      if (count === 0) throw new Error(`${name} is shorter than ${sizeBytes} bytes`);
      const bytes = piece.subarray(0, count);
      hash.update(bytes);
      this.write(bytes);
      at += count;
    }
    this.pad(sizeBytes);
    this.files.push({ name, sizeBytes, sha256: hash.digest('hex') });
  }

  /** The two empty blocks that a tar file ends with. */
  end(): void {
    this.write(new Uint8Array(2 * blockBytes));
  }

  private pad(sizeBytes: number): void {
    const over = sizeBytes % blockBytes;
    if (over > 0) this.write(new Uint8Array(blockBytes - over));
  }

  private write(bytes: Uint8Array): void {
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.descriptor, bytes, written);
    }
  }
}

/** The archive is none, is cut off, or was changed. */
export class ArchiveError extends Error {
  override readonly name = 'ArchiveError';
}

export interface ArchiveEntry {
  readonly name: string;
  readonly sizeBytes: number;
  /** Where its bytes begin in the archive. */
  readonly position: number;
}

/** Reads a tar file of regular files. */
export class ArchiveReader {
  private readonly descriptor: number;
  private readonly sizeBytes: number;

  constructor(path: string) {
    this.descriptor = openSync(path, 'r');
    this.sizeBytes = statSync(path).size;
  }

  /** @throws {ArchiveError} for what is no tar file, or not a whole one */
  entries(): ArchiveEntry[] {
    const entries: ArchiveEntry[] = [];
    for (let at = 0; ; ) {
      const block = this.block(at);
      if (block.every((byte) => byte === 0)) return entries;
      const entry = entryOf(block, at + blockBytes);
      entries.push(entry);
      at = entry.position + Math.ceil(entry.sizeBytes / blockBytes) * blockBytes;
      if (at > this.sizeBytes) throw new ArchiveError(`it is cut off in ${entry.name}`);
    }
  }

  /** Its bytes, for a small one. */
  bytes({ position, sizeBytes }: ArchiveEntry): Uint8Array {
    const bytes = new Uint8Array(sizeBytes);
    this.fill(bytes, position);
    return bytes;
  }

  /** Writes its bytes to an open file. @returns their hash */
  copy({ position, sizeBytes }: ArchiveEntry, target: number): string {
    const hash = createHash('sha256');
    for (let at = 0; at < sizeBytes; at += pieceBytes) {
      const piece = new Uint8Array(Math.min(pieceBytes, sizeBytes - at));
      this.fill(piece, position + at);
      hash.update(piece);
      for (let written = 0; written < piece.length; ) written += writeSync(target, piece, written);
    }
    return hash.digest('hex');
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private block(position: number): Uint8Array {
    const block = new Uint8Array(blockBytes);
    this.fill(block, position);
    return block;
  }

  private fill(target: Uint8Array, position: number): void {
    for (let filled = 0; filled < target.length; ) {
      const rest = target.length - filled;
      const count = readSync(this.descriptor, target, filled, rest, position + filled);
      if (count === 0) throw new ArchiveError('it is cut off at its end');
      filled += count;
    }
  }
}

function header(name: string, sizeBytes: number, nowMs: number): Uint8Array {
  const block = Buffer.alloc(blockBytes);
  if (Buffer.byteLength(name) > 100) throw new Error(`${name} is too long for a tar file`);
  block.write(name, 0);
  block.write('0000600\0', 100);
  block.write('0000000\0', 108);
  block.write('0000000\0', 116);
  if (sizeBytes <= octalSizeMax) block.write(octal(sizeBytes, 12), 124);
  else {
    block[124] = 0x80;
    block.writeBigUInt64BE(BigInt(sizeBytes), 128);
  }
  block.write(octal(Math.floor(nowMs / 1000), 12), 136);
  block.write('0', 156);
  block.write('ustar\u000000', 257);
  block.write(`${checksumOf(block).toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}

function entryOf(block: Uint8Array, position: number): ArchiveEntry {
  const buffer = Buffer.from(block.buffer, block.byteOffset, block.length);
  const text = (start: number, end: number): string =>
    buffer.toString('utf8', start, end).replace(/\0.*$/s, '');
  if (text(257, 262) !== 'ustar' || Number.parseInt(text(148, 156), 8) !== checksumOf(buffer)) {
    throw new ArchiveError('it is no tar file, or damaged');
  }
  const isBinary = ((buffer[124] as number) & 0x80) !== 0;
  const sizeBytes = isBinary
    ? Number(buffer.readBigUInt64BE(128))
    : Number.parseInt(text(124, 136), 8);
  const name = text(0, 100);
  if (!['0', ''].includes(text(156, 157))) throw new ArchiveError(`${name} is no regular file`);
  return { name, sizeBytes, position };
}

/** Of a header, with its own place as blanks. */
function checksumOf(block: Uint8Array): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}

function octal(value: number, length: number): string {
  return `${value.toString(8).padStart(length - 1, '0')}\0`;
}
