/**
 * The `stty` driver: Linux without a native addon. `stty` sets the line, the terminal stream of Node reads
 * and writes it. It has no exclusive lock and no control of DTR and RTS.
 *
 * Node opens the terminal a second time for its stream and leaves the given descriptor to us: it is closed
 * here, after the stream, or a pulled USB device would come back under another name. `stty` gets the
 * descriptor as its input instead of opening the device itself, because that extra open and close would
 * drop DTR and restart the board.
 */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { type FileHandle, open as openFile } from 'node:fs/promises';
import tty from 'node:tty';
import type { LineSettings } from './options.ts';
import {
  type OpenPort,
  type PortDriver,
  type PortEvents,
  SerialPortError,
  serialPortError,
} from './port-driver.ts';
import { StreamPort } from './stream-port.ts';

export const sttyDriver: PortDriver = {
  name: 'stty',
  async open(path: string, line: LineSettings, events: PortEvents): Promise<OpenPort> {
    if (process.platform !== 'linux') {
      throw new SerialPortError(
        'driver_missing',
        'driver stty works on Linux only; use driver serialport (npm install serialport)',
      );
    }
    let file: FileHandle;
    try {
      file = await openFile(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
    } catch (error) {
      throw serialPortError(path, error);
    }
    try {
      if (!tty.isatty(file.fd)) {
        throw new SerialPortError('unsuitable', `${path} is not a serial port`);
      }
      await runStty(path, file.fd, sttyArguments(line));
      const stream = new tty.ReadStream(file.fd);
      if (line.dtr !== 'keep' || line.rts !== 'keep' || line.resetOnOpen) {
        events.warning('driver stty cannot set DTR and RTS; use driver serialport for that');
      }
      return new StreamPort('stty', stream, events, () => file.close());
    } catch (error) {
      await file.close();
      throw serialPortError(path, error);
    }
  },
};

/** `raw` also sets VMIN 1, VTIME 0; what follows it overrides its parts. */
export function sttyArguments(line: LineSettings): string[] {
  const parity = { none: ['-parenb'], even: ['parenb', '-parodd'], odd: ['parenb', 'parodd'] };
  const flow = {
    none: ['-crtscts', '-ixon', '-ixoff'],
    hardware: ['crtscts', '-ixon', '-ixoff'],
    software: ['-crtscts', 'ixon', 'ixoff'],
  };
  return [
    String(line.baud),
    'raw',
    '-echo',
    'clocal',
    line.hangupOnClose ? 'hupcl' : '-hupcl',
    `cs${line.dataBits}`,
    ...parity[line.parity],
    line.stopBits === 2 ? 'cstopb' : '-cstopb',
    ...flow[line.flow],
  ];
}

function runStty(path: string, descriptor: number, parameters: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('stty', parameters, { stdio: [descriptor, 'ignore', 'pipe'] });
    let complaint = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, 500);
    });
    child.once('error', (error) =>
      reject(new SerialPortError('driver_missing', `stty cannot be run: ${error.message}`, error)),
    );
    child.once('close', (status) => {
      if (status === 0) resolve();
      else {
        const why = `stty refused the settings of ${path} (${parameters.join(' ')}): ${complaint.trim()}`;
        reject(new SerialPortError('unsuitable', why));
      }
    });
  });
}
