import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type IncomingMessage, request } from 'node:http';
import { controlSocketPath, ephemeralSocketPaths } from './control-channel.ts';
import { ControlError } from './control-error.ts';

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** The socket of the broker that is meant: of this data directory, else the only ephemeral one. */
export function findControlSocket(dataDir: string): string {
  const path = controlSocketPath(dataDir, false);
  if (process.platform === 'win32' || existsSync(path)) return path;
  const [only, ...others] = ephemeralSocketPaths();
  if (only !== undefined && others.length === 0) return only;
  const found =
    others.length > 0 ? `; ${others.length + 1} brokers without a data directory run` : '';
  throw new ControlError(
    'not-running',
    `no linnet runs with the data directory ${dataDir} (no ${path})${found}`,
    undefined,
  );
}

/** Asks a running broker. @throws {ControlError} when nobody answers. */
export function callControl(
  socketPath: string,
  method: 'GET' | 'PUT' | 'POST',
  path: string,
  body?: unknown,
): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    const call = request(
      { socketPath, method, path, timeout: 5000, headers: { 'content-type': 'application/json' } },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (piece: string) => {
          text += piece;
        });
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown });
        });
        response.on('error', reject);
      },
    );
    call.on('timeout', () => call.destroy(new Error('no answer within 5 s')));
    call.on('error', (error) => {
      reject(new ControlError('not-running', `the broker does not answer on ${socketPath}`, error));
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/**
 * Asks a running broker for an answer of many lines of JSON, and hands them on as they come.
 *
 * @throws {ControlError} when nobody answers, or the broker ends in the middle
 * @throws {RangeError} with the broker's sentence when it does not understand what is asked
 */
export async function* streamControl(
  socketPath: string,
  path: string,
): AsyncGenerator<string, void, undefined> {
  const gone = (error: unknown) =>
    new ControlError('not-running', `the broker does not answer on ${socketPath}`, error);
  const call = request({ socketPath, method: 'GET', path });
  call.end();
  const [response] = await (once(call, 'response') as Promise<[IncomingMessage]>).catch(
    (error: unknown) => {
      throw gone(error);
    },
  );
  call.on('error', () => undefined); // The response ends with the same error.
  try {
    for await (const line of linesOf(response)) {
      if (response.statusCode !== 200) throw new RangeError(errorIn(line));
      yield line;
    }
  } catch (error) {
    throw error instanceof RangeError ? error : gone(error);
  } finally {
    call.destroy();
  }
}

/** Throws when the response ends before its end. */
async function* linesOf(response: IncomingMessage): AsyncGenerator<string, void, undefined> {
  let begun = '';
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) {
    const lines = (begun + piece).split('\n');
    begun = lines.pop() ?? '';
    yield* lines;
  }
}

function errorIn(line: string): string {
  const body = JSON.parse(line) as { error?: unknown };
  return String(body.error);
}
