/**
 * Which serial devices a Linux machine has, and which of them a configuration means. Read from /sys and
 * /dev/serial/by-id, not from the serialport library, whose list needs `udevadm` and rejects in slim
 * containers. The roots can be replaced, so that tests can lay a tree of their own.
 */
import { readdir, readFile, readlink, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { DeviceMatch } from './options.ts';

export interface DeviceRoots {
  readonly dev: string;
  readonly sys: string;
  readonly proc: string;
  readonly etc: string;
}

export const machineRoots: DeviceRoots = { dev: '/dev', sys: '/sys', proc: '/proc', etc: '/etc' };

export interface UsbIdentity {
  /** Four lower-case hexadecimal digits. */
  readonly vid: string;
  readonly pid: string;
  readonly serial: string | undefined;
  readonly manufacturer: string | undefined;
  readonly product: string | undefined;
}

export interface SerialDevice {
  /** /dev/ttyUSB0 */
  readonly path: string;
  /** Its names that stay the same, under /dev/serial/by-id. */
  readonly byId: readonly string[];
  /** undefined: not on USB. */
  readonly usb: UsbIdentity | undefined;
}

/** A missing directory or file is an ordinary answer here: devices come and go while they are read. */
async function optional<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch {
    return undefined;
  }
}

async function readText(path: string): Promise<string | undefined> {
  return (await optional(readFile(path, 'utf8')))?.trim();
}

/** All devices with hardware behind them, sorted by name. */
export async function listDevices(roots: DeviceRoots = machineRoots): Promise<SerialDevice[]> {
  const devices = new Map<string, { path: string; byId: string[]; usb: UsbIdentity | undefined }>();
  const ttyRoot = join(roots.sys, 'class/tty');
  for (const name of (await optional(readdir(ttyRoot))) ?? []) {
    if (!(await hasHardware(join(ttyRoot, name)))) continue;
    const usb = await usbIdentity(join(ttyRoot, name, 'device'), roots);
    devices.set(name, { path: join(roots.dev, name), byId: [], usb });
  }
  const byIdRoot = join(roots.dev, 'serial/by-id');
  for (const link of (await optional(readdir(byIdRoot))) ?? []) {
    const path = join(byIdRoot, link);
    const target = await optional(readlink(path));
    if (target === undefined) continue;
    const device = resolve(byIdRoot, target);
    const name = basename(device);
    const known = devices.get(name) ?? { path: device, byId: [], usb: undefined };
    known.byId.push(path);
    devices.set(name, known);
  }
  for (const device of devices.values()) device.byId.sort();
  return [...devices.values()].sort((one, other) =>
    one.path.localeCompare(other.path, 'en', { numeric: true }),
  );
}

/** Virtual terminals have no device; a built-in port without a chip behind it has type 0. */
async function hasHardware(ttyPath: string): Promise<boolean> {
  if ((await optional(stat(join(ttyPath, 'device')))) === undefined) return false;
  return (await readText(join(ttyPath, 'type'))) !== '0';
}

/** Walks from the tty up to the USB device that carries it. */
async function usbIdentity(
  devicePath: string,
  roots: DeviceRoots,
): Promise<UsbIdentity | undefined> {
  const root = await optional(realpath(roots.sys));
  let at = await optional(realpath(devicePath));
  while (root !== undefined && at?.startsWith(`${root}/`)) {
    const vid = await readText(join(at, 'idVendor'));
    const pid = await readText(join(at, 'idProduct'));
    if (vid !== undefined && pid !== undefined) {
      return {
        vid: vid.toLowerCase(),
        pid: pid.toLowerCase(),
        serial: await readText(join(at, 'serial')),
        manufacturer: await readText(join(at, 'manufacturer')),
        product: await readText(join(at, 'product')),
      };
    }
    at = dirname(at);
  }
  return undefined;
}

/** The USB identity of a path, which may be a link to the device. */
export async function usbIdentityOf(
  path: string,
  roots: DeviceRoots = machineRoots,
): Promise<UsbIdentity | undefined> {
  let at = path;
  // Links lead to links: by-id to ttyUSB0, somebody's own name to by-id.
  for (let links = 0; links < 8; links += 1) {
    const usb = await usbIdentity(join(roots.sys, 'class/tty', basename(at), 'device'), roots);
    if (usb !== undefined) return usb;
    const target = await optional(readlink(at));
    if (target === undefined) return undefined;
    at = resolve(dirname(at), target);
  }
  return undefined;
}

/** The paths of the devices that agree with every part of `match`; by-id names where one was asked for. */
export async function findDevices(
  match: DeviceMatch,
  roots: DeviceRoots = machineRoots,
): Promise<string[]> {
  const paths: string[] = [];
  for (const device of await listDevices(roots)) {
    const { usb } = device;
    if (match.vid !== undefined && match.vid !== usb?.vid) continue;
    if (match.pid !== undefined && match.pid !== usb?.pid) continue;
    if (match.serial !== undefined && match.serial !== usb?.serial) continue;
    if (match.byId === undefined) {
      paths.push(device.path);
      continue;
    }
    const pattern = globPattern(match.byId);
    const named = device.byId.find((path) => pattern.test(basename(path)));
    if (named !== undefined) paths.push(named);
  }
  return paths;
}

function globPattern(glob: string): RegExp {
  const text = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${text}$`);
}

/** A match in words, for texts about a device that is not there. */
export function describeMatch(match: DeviceMatch): string {
  return [
    match.byId === undefined ? undefined : `by-id ${match.byId}`,
    match.vid === undefined ? undefined : `vid ${match.vid}`,
    match.pid === undefined ? undefined : `pid ${match.pid}`,
    match.serial === undefined ? undefined : `serial ${match.serial}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
