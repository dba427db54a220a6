/**
 * The control channel: HTTP with JSON on a Unix socket (a named pipe on Windows), never on TCP. Whoever
 * may open the socket may control the broker, so its folder is 0700 and the socket 0600. The same routes
 * are what further commands and the admin API grow on.
 *
 * It stands at `<data dir>/control.sock`; where nothing is stored, or where that path is longer than a
 * socket's may be, in a private folder below the temporary directory.
 */
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { HistoryPage, HistoryQuery } from '../broker/index.ts';
import { makeDirectory } from '../telemetry/index.ts';
import { ControlError } from './control-error.ts';
import { answerHistory } from './history-route.ts';

/** What the channel can ask of the running server. */
export interface ControlHost {
  status(): unknown;
  /** @throws {RangeError} for an unknown level */
  setLogLevel(level: string, module: string | undefined): unknown;
  /** Begins a graceful stop; the answer does not wait for its end. */
  stop(): void;
  history(query: HistoryQuery): AsyncIterable<HistoryPage>;
}

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, its end included. */
const socketPathBytesMax = 103;
const bodyBytesMax = 64 * 1024;

/** Where the channel of a broker with this data directory is. */
export function controlSocketPath(dataDir: string, isEphemeral: boolean): string {
  if (process.platform === 'win32') {
    const name = resolve(dataDir).replaceAll(/[\\/:]/g, '-');
    return `\\\\.\\pipe\\linnet-${isEphemeral ? process.pid : name}`;
  }
  const path = join(resolve(dataDir), 'control.sock');
  if (isEphemeral) return join(privateFolder(), `${process.pid}.sock`);
  if (Buffer.byteLength(path) <= socketPathBytesMax) return path;
  return join(privateFolder(), `${shortName(path)}.sock`);
}

/** The channels of brokers of this user that store nothing. */
export function ephemeralSocketPaths(): string[] {
  const folder = privateFolder();
  if (process.platform === 'win32' || !existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /^\d+\.sock$/.test(name))
    .map((name) => join(folder, name));
}

export class ControlChannel {
  readonly path: string;
  private readonly server: Server;

  private constructor(path: string, host: ControlHost) {
    this.path = path;
    this.server = createServer((request, response) => {
      answer(host, request, response).catch((error: unknown) => {
        if (response.headersSent) return;
        send(response, 500, { error: error instanceof Error ? error.message : String(error) });
      });
    });
  }

  /** @throws {ControlError} when another broker answers there, or the folder cannot be made. */
  static async open(path: string, host: ControlHost): Promise<ControlChannel> {
    if (process.platform !== 'win32') await prepareFolder(path);
    const channel = new ControlChannel(path, host);
    channel.server.listen(path);
    try {
      await once(channel.server, 'listening');
    } catch (error) {
      throw new ControlError('control-socket', `cannot open the control channel ${path}`, error);
    }
    if (process.platform !== 'win32') chmodSync(path, 0o600);
    return channel;
  }

  async close(): Promise<void> {
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }
}

async function prepareFolder(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    makeDirectory(folder, 0o700);
    if (statSync(folder).uid !== userInfo().uid) {
      throw new Error('it belongs to another user');
    }
    chmodSync(folder, 0o700);
  } catch (error) {
    throw new ControlError('data-dir', `cannot use the directory ${folder}`, error);
  }
  if (!existsSync(path)) return;
  if (await answers(path)) {
    throw new ControlError('data-dir-in-use', `${folder} is in use by another linnet`, undefined);
  }
  rmSync(path, { force: true }); // Left behind by a broker that was killed.
}

/** Whether somebody listens on the socket. */
async function answers(path: string): Promise<boolean> {
  const socket = createConnection(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    // Refused: the file is all that is left of its owner.
    return false;
  } finally {
    socket.destroy();
  }
}

async function answer(
  host: ControlHost,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url?.split('?', 1)[0];
  const route = `${request.method} ${path === '/history' ? path : request.url}`;
  switch (route) {
    case 'GET /status':
      send(response, 200, host.status());
      return;
    case 'PUT /log/level':
      await answerLogLevel(host, request, response);
      return;
    case 'GET /history':
      await answerHistory((query) => host.history(query), request, response);
      return;
    case 'POST /stop':
      send(response, 202, { stopping: true });
      host.stop();
      return;
    default:
      send(response, 404, { error: `no such route: ${route}` });
  }
}

async function answerLogLevel(
  host: ControlHost,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const wanted = logLevelRequest(await bodyOf(request));
  if (wanted === undefined) {
    send(response, 400, { error: 'expected {"level": "...", "module"?: "..."}' });
    return;
  }
  try {
    send(response, 200, host.setLogLevel(wanted.level, wanted.module));
  } catch (error) {
    send(response, 400, { error: error instanceof Error ? error.message : String(error) });
  }
}

function logLevelRequest(body: unknown): { level: string; module: string | undefined } | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { level, module } = body as { level?: unknown; module?: unknown };
  if (typeof level !== 'string') return undefined;
  if (module !== undefined && typeof module !== 'string') return undefined;
  return { level, module };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  let text = '';
  request.setEncoding('utf8');
  for await (const piece of request) {
    text += piece;
    if (text.length > bodyBytesMax) return undefined;
  }
  try {
    return JSON.parse(text);
  } catch {
    // Answered by the caller: what was expected is said there.
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}

function privateFolder(): string {
  return join(tmpdir(), `linnet-${userInfo().uid}`);
}

/** FNV-1a: names a socket whose real path is too long, the same each time. */
function shortName(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return `d${(hash >>> 0).toString(16)}`;
}
