/**
 * `linnet serial …`: serial devices without a broker (list, simulate, doctor), and with somebody else's
 * (forward). Each command takes its parsed options and its streams and answers its exit code.
 */
import {
  chooseDriver,
  examinePort,
  type ListedDevice,
  listedDevices,
  machineRoots,
  type PortStatus,
  renderDevices,
  renderExamination,
  type SerialHost,
  type SerialOptions,
  type SimulatedDevice,
  startSerialGateway,
  startSimulatedDevice,
} from '../gateway/serial/index.ts';
import type { CommandIo } from './command-io.ts';

export type SerialIo = Pick<CommandIo, 'stdout' | 'stderr' | 'signal'>;

export interface ListOptions {
  /** One JSON object a line instead of text. */
  readonly json?: boolean | undefined;
}

export interface SimulateOptions {
  /** Lines a second, all sensors together. Default 1. */
  readonly rate?: number | undefined;
  /** Default 1. */
  readonly sensors?: number | undefined;
  /** Percent of lines that are garbage, 0 to 100. Default 0. */
  readonly bad?: number | undefined;
  /** The same seed gives the same lines. Default 1. */
  readonly seed?: number | undefined;
  /** A symbolic link to make, so that the device keeps its path from one run to the next. */
  readonly link?: string | undefined;
}

export interface DoctorOptions {
  /** Only this baud rate. */
  readonly baud?: number | undefined;
  /** How long to read at each baud rate. Default 3. */
  readonly seconds?: number | undefined;
  /** Default `sensor_id`. */
  readonly idField?: string | undefined;
}

const exitOk = 0;
const exitProblem = 1;
const exitUsage = 64;
const exitUnavailable = 69;

function print(stream: NodeJS.WritableStream, lines: readonly string[]): void {
  for (const line of lines) stream.write(`${line}\n`);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Detected ports with their lasting names, USB identity, holder and a line to paste. */
export async function serialList(io: SerialIo, options: ListOptions = {}): Promise<number> {
  let devices: ListedDevice[];
  try {
    devices = await listedDevices(machineRoots);
  } catch (error) {
    print(io.stderr, [`error  ${error instanceof Error ? error.message : String(error)}`]);
    return exitUnavailable;
  }
  if (options.json)
    print(
      io.stdout,
      devices.map((device) => JSON.stringify(device)),
    );
  else print(io.stdout, renderDevices(devices));
  if (devices.length === 0) {
    print(io.stderr, [
      'no serial device is plugged in.',
      'try without hardware   linnet serial simulate',
    ]);
  }
  return exitOk;
}

/** A device made of software; prints the path to open and runs until it is stopped. */
export async function serialSimulate(options: SimulateOptions, io: SerialIo): Promise<number> {
  const { rate = 1, sensors = 1, bad = 0, seed = 1, link } = options;
  const problems = [
    rate > 0 && rate <= 100_000 ? '' : `--rate ${rate}: expected lines a second, up to 100000`,
    Number.isInteger(sensors) && sensors >= 1 && sensors <= 65_536
      ? ''
      : `--sensors ${sensors}: expected 1 to 65536`,
    bad >= 0 && bad <= 100 ? '' : `--bad ${bad}: expected a percentage, 0 to 100`,
    Number.isInteger(seed) ? '' : `--seed ${seed}: expected a whole number`,
  ].filter((problem) => problem !== '');
  if (problems.length > 0) {
    print(
      io.stderr,
      problems.map((problem) => `error  ${problem}`),
    );
    return exitUsage;
  }
  let device: SimulatedDevice;
  try {
    device = await startSimulatedDevice({ rate, sensors, badShare: bad / 100, seed }, { link });
  } catch (error) {
    print(io.stderr, [`error  ${error instanceof Error ? error.message : String(error)}`]);
    return exitUnavailable;
  }
  print(io.stdout, [device.path]);
  print(io.stderr, [
    `${rate} lines/s from ${sensors} sensor${sensors === 1 ? '' : 's'}, ${bad} % garbage, seed ${seed} ` +
      `(${device.method === 'tcp' ? 'TCP' : `pseudo-terminal by ${device.method}`}). Ctrl-C ends.`,
    `read it   linnet --serial ${device.path}`,
  ]);
  await aborted(io.signal);
  await device.stop();
  print(io.stderr, [`${device.linesMade()} lines made`]);
  return exitOk;
}

/** Finds out why a port does not work, or which baud rate and framing it needs. */
export async function serialDoctor(
  path: string,
  options: DoctorOptions,
  io: SerialIo,
): Promise<number> {
  const readMs = (options.seconds ?? 3) * 1000;
  const examination = { baud: options.baud, readMs, idField: options.idField ?? 'sensor_id' };
  const found = await examinePort(path, examination, {
    roots: machineRoots,
    chooseDriver,
    signal: io.signal,
    say: (text) => print(io.stderr, [text]),
  });
  const { lines, isFine } = renderExamination(path, found, readMs);
  print(io.stdout, lines);
  return isFine ? exitOk : exitProblem;
}

/** What `serialForward` publishes through: a client of the remote broker for each port. */
export type ForwardHost = Omit<SerialHost, 'log'>;

/** Reads serial ports for a broker elsewhere until it is stopped; `host` is built over network clients. */
export async function serialForward(
  options: SerialOptions,
  host: ForwardHost,
  io: SerialIo,
): Promise<number> {
  const gateway = startSerialGateway(options, {
    ...host,
    localClient: (identity) => host.localClient(identity),
    systemPublish: (topicName, payload, retain) => host.systemPublish(topicName, payload, retain),
    log: (level, _event, message) => {
      if (level !== 'debug') print(io.stderr, [`${level.padEnd(7)}  ${message}`]);
    },
  });
  await aborted(io.signal);
  const ports = gateway.ports();
  await gateway.stop();
  print(io.stderr, ports.map(describeForwarded));
  return exitOk;
}

function describeForwarded({ name, counters }: PortStatus): string {
  const { published, salvaged } = counters.lines;
  return `${name}: ${published + salvaged} lines, ${counters.published} messages, ${counters.refused} refused`;
}

export const serialCommands: {
  readonly serialList: typeof serialList;
  readonly serialSimulate: typeof serialSimulate;
  readonly serialDoctor: typeof serialDoctor;
  readonly serialForward: typeof serialForward;
} = { serialList, serialSimulate, serialDoctor, serialForward };
