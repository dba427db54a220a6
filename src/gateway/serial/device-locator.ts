/** Where the device of a port is at the moment, and whether it is still the same one. */
import { realpath, stat } from 'node:fs/promises';
import { type DeviceRoots, findDevices } from './device-finder.ts';
import type { SerialPortOptions } from './options.ts';
import { parsePortPath } from './port-path.ts';

export interface Located {
  /** What the configuration says, or what its match was found under. */
  readonly path: string;
  /** The real path; a network path itself. */
  readonly device: string;
  /** Changes when another device stands under the same name, and when its rights change. */
  readonly identity: string;
}

/** Real paths of the devices in use, by the name of the port that uses them; shared by all ports. */
export type DeviceClaims = Map<string, string>;

/** @returns undefined when the device is not there. */
export async function locatePort(
  options: Pick<SerialPortOptions, 'name' | 'path' | 'match'>,
  claims: DeviceClaims,
  roots: DeviceRoots,
): Promise<Located | undefined> {
  const { name, path, match } = options;
  if (match === undefined) return path === undefined ? undefined : locatePath(path);
  for (const candidate of await findDevices(match, roots)) {
    const located = await locatePath(candidate);
    const user = located && claims.get(located.device);
    // Several devices of one kind: each port takes one that is free.
    if (located !== undefined && (user === undefined || user === name)) return located;
  }
  return undefined;
}

/** @returns undefined when there is nothing at the path. Network paths and COM ports are always "there". */
export async function locatePath(path: string): Promise<Located | undefined> {
  // COM ports are no files either: opening them is the only way to know.
  if (parsePortPath(path)?.kind !== 'device' || process.platform === 'win32') {
    return { path, device: path, identity: path };
  }
  try {
    const facts = await stat(path);
    const identity = `${facts.dev}:${facts.ino}:${facts.rdev}:${facts.ctimeMs}`;
    return { path, device: await realpath(path), identity };
  } catch {
    // Not there, or gone between the two calls.
    return undefined;
  }
}
