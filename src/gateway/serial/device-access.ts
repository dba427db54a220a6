/** Why a device cannot be opened, in words that say what to do: who may, and who holds it. */
import { access, constants, readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { type DeviceRoots, machineRoots } from './device-finder.ts';
import { SerialPortError } from './port-driver.ts';

export interface DeviceHolder {
  readonly pid: number;
  readonly name: string;
}

/**
 * Other processes that have the device open, as far as /proc tells: always our own user's, others only with
 * the right to look.
 */
export async function holdersOf(
  path: string,
  roots: DeviceRoots = machineRoots,
): Promise<DeviceHolder[]> {
  const device = await realpath(path).catch(() => path);
  const holders: DeviceHolder[] = [];
  for (const entry of await readdir(roots.proc).catch(() => [])) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const descriptors = join(roots.proc, entry, 'fd');
    for (const descriptor of await readdir(descriptors).catch(() => [])) {
      const target = await readlink(join(descriptors, descriptor)).catch(() => '');
      if (target !== device) continue;
      const name = await readFile(join(roots.proc, entry, 'comm'), 'utf8').catch(() => 'a program');
      holders.push({ pid, name: name.trim() });
      break;
    }
  }
  return holders;
}

export function describeHolders(holders: readonly DeviceHolder[]): string {
  return holders.map(({ pid, name }) => `${name} (pid ${pid})`).join(', ');
}

/**
 * Looks at a device before it is opened, because the operating system knows better than any driver why it
 * would fail.
 * @throws {SerialPortError} `absent`, `unsuitable` or `permission`.
 */
export async function checkDevice(path: string, roots: DeviceRoots = machineRoots): Promise<void> {
  // COM ports are no files.
  if (process.platform === 'win32') return;
  const facts = await stat(path).catch((error: unknown) => {
    throw new SerialPortError('absent', `${path} is not there`, error);
  });
  if (!facts.isCharacterDevice()) {
    throw new SerialPortError('unsuitable', `${path} is not a serial device`);
  }
  try {
    await access(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new SerialPortError('permission', await permissionText(path, facts.gid, roots), error);
  }
}

/** The refusal, the reason, and the command that cures it. @param gid the group of the device. */
export async function permissionText(
  path: string,
  gid: number,
  roots: DeviceRoots,
): Promise<string> {
  const groups = (await readFile(join(roots.etc, 'group'), 'utf8').catch(() => '')).split('\n');
  const row = groups.map((line) => line.split(':')).find((fields) => fields[2] === String(gid));
  const group = row?.[0] ?? 'dialout';
  const user = userInfo().username;
  if (process.getgroups?.().includes(gid)) {
    return (
      `${path} — permission denied, although you are in its group "${group}": its mode does not ` +
      `let the group read and write.   fix   sudo chmod g+rw ${path}`
    );
  }
  if (row?.[3]?.split(',').includes(user)) {
    return (
      `${path} — permission denied. You were added to group "${group}" after this login.` +
      '   fix   log in again (or restart the service).'
    );
  }
  return (
    `${path} — permission denied. You are not in group "${group}".` +
    `   fix   sudo usermod -aG ${group} $USER   then log in again.`
  );
}
