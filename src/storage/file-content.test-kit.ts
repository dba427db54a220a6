/** The bytes of one file, growing as needed. */
export class FileContent {
  bytes: Uint8Array = new Uint8Array(0);
  size: number = 0;

  write(data: Uint8Array, position: number): void {
    const end = position + data.length;
    if (end > this.bytes.length) {
      const grown = new Uint8Array(Math.max(end, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.size));
      this.bytes = grown;
    }
    this.bytes.set(data, position);
    this.size = Math.max(this.size, end);
  }

  truncate(size: number): void {
    this.bytes = this.bytes.slice(0, size);
    this.size = Math.min(this.size, size);
  }

  copy(): FileContent {
    const copy = new FileContent();
    copy.write(this.bytes.subarray(0, this.size), 0);
    return copy;
  }
}
