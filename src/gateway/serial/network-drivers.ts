/**
 * Serial ports behind a serial server in the network (ser2net, ESP-Link, terminal servers): `tcp` carries
 * the bytes as they are, `telnet` in the telnet protocol.
 */
import net from 'node:net';
import type { LineSettings } from './options.ts';
import {
  type OpenPort,
  type PortDriver,
  type PortEvents,
  SerialPortError,
  serialPortError,
} from './port-driver.ts';
import { parsePortPath } from './port-path.ts';
import { StreamPort } from './stream-port.ts';
import { TelnetCodec } from './telnet-codec.ts';

const connectTimeoutMs = 10_000;
/** A serial server that lost its power sends no FIN: keep-alive probes find out. */
const keepAliveDelayMs = 10_000;

export const tcpDriver: PortDriver = {
  name: 'tcp',
  async open(
    path: string,
    _line: LineSettings,
    events: PortEvents,
    signal: AbortSignal,
  ): Promise<OpenPort> {
    return new StreamPort('tcp', await connect(path, signal), events);
  },
};

export const telnetDriver: PortDriver = {
  name: 'telnet',
  async open(
    path: string,
    _line: LineSettings,
    events: PortEvents,
    signal: AbortSignal,
  ): Promise<OpenPort> {
    const socket = await connect(path, signal);
    const codec = new TelnetCodec((bytes) => socket.write(bytes));
    const port = new StreamPort('telnet', socket, {
      data: (chunk) => {
        const data = codec.decode(chunk);
        if (data.length > 0) events.data(data);
      },
      closed: events.closed,
      warning: events.warning,
    });
    return {
      driver: 'telnet',
      get isOpen() {
        return port.isOpen;
      },
      write: (bytes) => port.write(codec.encode(bytes)),
      close: () => port.close(),
    };
  },
};

function connect(path: string, signal: AbortSignal): Promise<net.Socket> {
  const target = parsePortPath(path);
  if (target === undefined || target.kind === 'device') {
    return Promise.reject(
      new SerialPortError('unsuitable', `${path} is not tcp://HOST:PORT or telnet://HOST:PORT`),
    );
  }
  const { host, port } = target;
  return new Promise((resolve, reject) => {
    const socket = net.connect({
      host,
      port,
      signal,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: keepAliveDelayMs,
    });
    const failed = (error: Error): void => {
      socket.destroy();
      reject(serialPortError(path, error));
    };
    socket.setTimeout(connectTimeoutMs, () =>
      failed(
        new SerialPortError('absent', `${path} did not answer within ${connectTimeoutMs / 1000} s`),
      ),
    );
    socket.once('error', failed);
    socket.once('connect', () => {
      socket.off('error', failed);
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}
