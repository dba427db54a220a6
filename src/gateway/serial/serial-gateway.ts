/**
 * The serial door: several ports at once, each published through its own in-process client, so that access
 * rules, hooks, Retained Messages and statistics treat a device as what it is: one more client. The gateway
 * needs nothing of a broker but that client; over a network client it feeds a remote broker just as well.
 */
import { realpathSync } from 'node:fs';
import type { LocalClient } from '../../broker/index.ts';
import { type ChooseDriver, chooseDriver } from './choose-driver.ts';
import { machineClock, type SerialClock } from './clock.ts';
import { type DeviceRoots, machineRoots } from './device-finder.ts';
import type { SerialOptions } from './options.ts';
import { SerialPortError } from './port-driver.ts';
import type { PortStatus } from './port-status.ts';
import type { SerialLog } from './serial-log.ts';
import { SerialPort } from './serial-port.ts';
import type { WriteResult } from './write-back.ts';

export interface SerialHost {
  /** A client of the broker under this identity; asked once for every enabled port, closed by the gateway. */
  localClient(identity: { clientId: string; username: string | undefined }): LocalClient;
  /** Publishes under `$SYS`, where clients may not. */
  systemPublish(topicName: string, payload: string, retain: boolean): void;
  readonly log: SerialLog;
  /**
   * Publishes of one port that may be unanswered at once. Default 1, which keeps strict order with
   * asynchronous hooks; a client of a remote broker that keeps order itself may have its window.
   */
  readonly publishesUnderWay?: number;
  /** Default: the machine's. */
  readonly clock?: SerialClock;
  readonly roots?: DeviceRoots;
  readonly chooseDriver?: ChooseDriver;
}

export interface SerialGateway {
  ports(): PortStatus[];
  /**
   * Writes one line to a port; the line feed is added. Refused (`disabled`) unless `write` is enabled there.
   * @throws {RangeError} when there is no such port.
   */
  write(portName: string, line: Uint8Array | string): Promise<WriteResult>;
  /** Closes all ports; resolves when their devices are free. Calls may repeat. */
  stop(): Promise<void>;
}

/**
 * Starts reading. Ports that are not there or cannot be opened are waited for and never fail the start.
 * @throws {SerialPortError} when two ports lead to one device.
 */
export function startSerialGateway(options: SerialOptions, host: SerialHost): SerialGateway {
  const enabled = options.isEnabled ? options.ports.filter((port) => port.isEnabled) : [];
  refuseSharedDevices(enabled);
  const claims = new Map<string, string>();
  const ports: SerialPort[] = options.ports.map((portOptions) => {
    const identity = `$serial/${portOptions.name}`;
    const isEnabled = enabled.includes(portOptions);
    const port: SerialPort = new SerialPort(
      { ...portOptions, isEnabled },
      {
        client: isEnabled
          ? host.localClient({ clientId: identity, username: identity })
          : closedClient(identity),
        clock: host.clock ?? machineClock,
        log: host.log,
        roots: host.roots ?? machineRoots,
        chooseDriver: host.chooseDriver ?? chooseDriver,
        claims,
        publishesUnderWay: host.publishesUnderWay ?? 1,
        systemPublish: (topicName, payload, retain) =>
          host.systemPublish(topicName, payload, retain),
        isElsewhere: (level) => ports.some((other) => other !== port && other.hasSeen(level)),
      },
    );
    return port;
  });
  for (const port of ports) port.start();
  let stopping: Promise<void> | undefined;
  return {
    ports: () => ports.map((port) => port.status()),
    write: async (portName, line) => {
      const port = ports.find(({ name }) => name === portName);
      if (port === undefined) {
        const names = ports.map(({ name }) => name).join(', ');
        throw new RangeError(`there is no serial port "${portName}"; there are: ${names}`);
      }
      return port.write(typeof line === 'string' ? Buffer.from(line) : Uint8Array.from(line));
    },
    stop: () => {
      stopping ??= Promise.all(ports.map((port) => port.stop())).then(() => undefined);
      return stopping;
    },
  };
}

function refuseSharedDevices(ports: SerialOptions['ports']): void {
  const users = new Map<string, string>();
  for (const { name, path } of ports) {
    if (path === undefined) continue;
    let device: string;
    try {
      device = realpathSync(path);
    } catch {
      // A device that is not there yet is looked at again when it is opened.
      continue;
    }
    const user = users.get(device);
    if (user !== undefined) {
      throw new SerialPortError(
        'busy',
        `serial ports "${user}" and "${name}" lead to one device, ${device}; remove one of them`,
      );
    }
    users.set(device, name);
  }
}

/** Stands in for the client of a port that is switched off and never publishes. */
function closedClient(clientId: string): LocalClient {
  const refuse = (): Promise<never> =>
    Promise.reject(new Error(`the serial port of ${clientId} is disabled`));
  return { clientId, publish: refuse, subscribe: refuse, close: () => undefined };
}
