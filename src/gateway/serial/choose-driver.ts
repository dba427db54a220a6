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

/**
 * @param loadSerialport loads the driver with the native addon, or throws `driver_missing`.
 * @returns a function that throws `driver_missing` when nothing on this machine can open the path.
 */
export function driverChooser(loadSerialport: () => Promise<PortDriver>): ChooseDriver {
  return async (wanted, path) => {
    const kind = parsePortPath(path)?.kind ?? 'device';
    if (kind !== 'device') {
      return { driver: kind === 'tcp' ? tcpDriver : telnetDriver, fallbackReason: undefined };
    }
    if (wanted === 'stty') return { driver: sttyDriver, fallbackReason: undefined };
    try {
      return { driver: await loadSerialport(), fallbackReason: undefined };
    } catch (error) {
      const canFallBack =
        wanted === 'auto' && process.platform === 'linux' && error instanceof SerialPortError;
      if (!canFallBack) throw error;
      const fallbackReason = `driver stty is used instead of serialport: ${error.message}`;
      return { driver: sttyDriver, fallbackReason };
    }
  };
}

export const chooseDriver: ChooseDriver = driverChooser(loadSerialportDriver);
