/**
 * Tells when names appear in directories that may themselves come and go, as /dev/serial/by-id does with
 * its first device. It only makes things fast: whoever uses it also looks now and then by himself, since
 * some file systems tell nothing.
 */
import { existsSync, type FSWatcher, watch } from 'node:fs';

export class DirectoryWatch {
  readonly #directories: readonly string[];
  readonly #changed: () => void;
  readonly #watchers = new Map<string, FSWatcher>();

  constructor(directories: readonly string[], changed: () => void) {
    this.#directories = directories;
    this.#changed = changed;
  }

  /** Starts watching what exists and is not watched yet; cheap when nothing is new. */
  refresh(): void {
    for (const directory of this.#directories) {
      if (this.#watchers.has(directory) || !existsSync(directory)) continue;
      try {
        this.#watch(directory);
      } catch {
        // Out of inotify watches, or gone again: the looks of the owner remain.
        this.#stop(directory);
      }
    }
  }

  close(): void {
    for (const directory of this.#directories) this.#stop(directory);
  }

  #watch(directory: string): void {
    const watcher = watch(directory, { persistent: false }, () => {
      // A directory that was removed stays silent when it comes back under its name.
      if (!existsSync(directory)) this.#stop(directory);
      this.#changed();
    });
    watcher.on('error', () => this.#stop(directory));
    this.#watchers.set(directory, watcher);
  }

  #stop(directory: string): void {
    this.#watchers.get(directory)?.close();
    this.#watchers.delete(directory);
  }
}
