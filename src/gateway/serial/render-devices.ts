/** `linnet serial list`: what is plugged in, who has it, and the line to paste. */
import { type DeviceHolder, describeHolders, holdersOf } from './device-access.ts';
import { type DeviceRoots, listDevices, type SerialDevice } from './device-finder.ts';
import { listSerialportPorts } from './serialport-driver.ts';

export interface ListedDevice extends SerialDevice {
  readonly holders: readonly DeviceHolder[];
}

/**
 * All serial devices of this machine: from /sys on Linux, from the serialport library elsewhere.
 * @throws {SerialPortError} `driver_missing` where the library is needed and does not load.
 */
export async function listedDevices(roots: DeviceRoots): Promise<ListedDevice[]> {
  const isLinux = process.platform === 'linux';
  const devices = isLinux ? await listDevices(roots) : await libraryDevices();
  const listed: ListedDevice[] = [];
  for (const device of devices) {
    const holders = isLinux ? await holdersOf(device.path, roots) : [];
    listed.push({ ...device, holders });
  }
  return listed;
}

async function libraryDevices(): Promise<SerialDevice[]> {
  const ports = await listSerialportPorts();
  return ports.map(({ path, vendorId, productId, serialNumber, manufacturer }) => ({
    path,
    byId: [],
    usb:
      vendorId === undefined || productId === undefined
        ? undefined
        : {
            vid: vendorId.toLowerCase(),
            pid: productId.toLowerCase(),
            serial: serialNumber,
            manufacturer,
            product: undefined,
          },
  }));
}

/** One paragraph for each device, without line ends. */
export function renderDevices(devices: readonly ListedDevice[]): string[] {
  const lines: string[] = [];
  for (const { path, byId, usb, holders } of devices) {
    const name = [usb?.manufacturer, usb?.product].filter(Boolean).join(' ');
    const identity = usb === undefined ? 'not on USB' : `${usb.vid}:${usb.pid}`;
    const serial = usb?.serial === undefined ? '' : `  serial ${usb.serial}`;
    lines.push(`${path}  ${identity}${serial}${name === '' ? '' : `  ${name}`}`);
    for (const link of byId) lines.push(`    ${link}`);
    if (holders.length > 0) lines.push(`    in use by ${describeHolders(holders)}`);
    lines.push(`    linnet --serial ${byId[0] ?? path}`);
  }
  return lines;
}
