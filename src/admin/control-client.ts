import { existsSync } from 'node:fs';
import { request } from 'node:http';
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
