/**
 * The file of a Unix socket. One left behind by a process that was killed makes the next start fail, so it
 * is removed when nobody answers on it; one that somebody answers on, or a file that is no socket, is not
 * touched.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { isMainThread } from 'node:worker_threads';
import { bindError, problem } from './bind-error.ts';
import type { ListenerOptions } from './options.ts';

/** Throws a ListenError when the path is taken. */
export async function removeStaleSocket(options: ListenerOptions, path: string): Promise<void> {
  const stats = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
    throw problem(options, 'socket-path', `the path cannot be looked at (${error.code})`, {
      cause: error,
    });
  });
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw problem(options, 'socket-path', 'a file that is not a socket is already there', {});
  }
  if (await isAnswered(path)) {
    throw await bindError(options, Object.assign(new Error('in use'), { code: 'EADDRINUSE' }));
  }
  await unlink(path);
}

/** Only a refusal proves that nobody is there: a full backlog or missing rights are answers too. */
function isAnswered(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(path)
    .on('connect', () => {
      socket.destroy();
      resolve(true);
    })
    .on('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT');
    });
  return promise;
}

/**
 * Listens with the file's permissions right from its first moment, which only the process's mask can
 * give; worker threads have no mask to set, and get the owner's permissions from the caller afterwards.
 */
export function listenOnPath(server: Server, path: string, mode: number, backlog: number): void {
  const mask = isMainThread ? process.umask(0o777 & ~mode) : undefined;
  try {
    server.listen({ path, backlog });
  } finally {
    if (mask !== undefined) process.umask(mask);
  }
}
