/** Which driver opens a path: the one that was asked for, or the best one that works on this machine. */
import { tcpDriver, telnetDriver } from './network-drivers.ts';
import type { DriverName } from './options.ts';
import { type PortDriver, SerialPortError } from './port-driver.ts';
import { parsePortPath } from './port-path.ts';
import { loadSerialportDriver } from './serialport-driver.ts';
import { sttyDriver } from './stty-driver.ts';

export interface ChosenDriver {
  readonly driver: PortDriver;
  /** Why it is not the first choice. */
  readonly fallbackReason: string | undefined;
}

export type ChooseDriver = (wanted: 'auto' | DriverName, path: string) => Promise<ChosenDriver>;

/** @throws {SerialPortError} `driver_missing` when nothing on this machine can open the path. */
export const chooseDriver: ChooseDriver = async (wanted, path) => {
  const kind = parsePortPath(path)?.kind ?? 'device';
  if (kind !== 'device') {
    return { driver: kind === 'tcp' ? tcpDriver : telnetDriver, fallbackReason: undefined };
  }
  if (wanted === 'stty') return { driver: sttyDriver, fallbackReason: undefined };
  try {
    return { driver: await loadSerialportDriver(), fallbackReason: undefined };
  } catch (error) {
    const canFallBack =
      wanted === 'auto' && process.platform === 'linux' && error instanceof SerialPortError;
    if (!canFallBack) throw error;
    return { driver: sttyDriver, fallbackReason: error.message };
  }
};
