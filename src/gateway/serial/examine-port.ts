/**
 * `linnet serial doctor`: why a port does not work, or how it has to be configured. It looks before it opens
 * (is it there, may we, who has it), then reads at one baud rate after the other until what comes is text.
 */
import type { ChooseDriver } from './choose-driver.ts';
import { checkDevice, describeHolders, holdersOf } from './device-access.ts';
import { type DeviceRoots, listDevices } from './device-finder.ts';
import { locatePath } from './device-locator.ts';
import { type FramingGuess, guessFraming } from './guess-framing.ts';
import { decodeUtf8 } from './line-decoder.ts';
import { LineFramer } from './line-framer.ts';
import type { LineSettings } from './options.ts';
import { SerialPortError, serialPortError } from './port-driver.ts';
import { parsePortPath } from './port-path.ts';

export interface ExaminationOptions {
  /** Only this baud rate; default: the usual ones, likeliest first. */
  readonly baud?: number | undefined;
  /** How long to read at each baud rate. */
  readonly readMs: number;
  readonly idField: string;
}

export interface ExaminationHost {
  readonly roots: DeviceRoots;
  readonly chooseDriver: ChooseDriver;
  readonly signal: AbortSignal;
  /** Progress, one sentence at a time. */
  say(text: string): void;
}

export interface BaudResult {
  readonly baud: number;
  readonly bytes: number;
  readonly lines: number;
  /** Share of lines that are text, 0 to 1. */
  readonly readable: number;
}

export type Examination =
  | { readonly kind: 'problem'; readonly text: string }
  | {
      readonly kind: 'read';
      readonly driver: string;
      /** What each baud rate gave, in the order tried. */
      readonly tried: readonly BaudResult[];
      /** The one that gave text; undefined when none did. */
      readonly baud: number | undefined;
      readonly guess: FramingGuess;
    };

const usualBauds: readonly number[] = [
  115_200, 9600, 74_880, 57_600, 38_400, 19_200, 230_400, 460_800, 921_600,
];
/** So many lines are enough to know. */
const linesEnough = 20;
const lineBytesMax = 16_384;
/** Share of readable lines from which a baud rate is taken for right; the first line is often torn. */
const readableEnough = 0.9;

/** Never throws for what is wrong with the port. */
export async function examinePort(
  path: string,
  options: ExaminationOptions,
  host: ExaminationHost,
): Promise<Examination> {
  const problem = await problemBeforeOpening(path, host);
  if (problem !== undefined) return { kind: 'problem', text: problem };
  const isDevice = parsePortPath(path)?.kind === 'device';
  const bauds = options.baud === undefined && isDevice ? usualBauds : [options.baud ?? 115_200];
  const tried: BaudResult[] = [];
  let best: { readonly result: BaudResult; readonly lines: readonly Uint8Array[] } | undefined;
  let driver = '';
  for (const baud of bauds) {
    if (host.signal.aborted) break;
    host.say(isDevice ? `reading at ${baud} baud` : `reading from ${path}`);
    let sample: Sample;
    try {
      sample = await readSample(path, baud, options.readMs, host);
    } catch (error) {
      const failure = serialPortError(path, error);
      // A baud rate the port cannot do is no reason to give up on the others.
      if (failure.code === 'unsuitable' && tried.length > 0) continue;
      return { kind: 'problem', text: failure.message };
    }
    driver = sample.driver;
    const readable = sample.lines.filter((line) => decodeUtf8(line) !== undefined).length;
    const result = {
      baud,
      bytes: sample.bytes,
      lines: sample.lines.length,
      readable: sample.lines.length === 0 ? 0 : readable / sample.lines.length,
    };
    tried.push(result);
    if (best === undefined || result.readable > best.result.readable) {
      best = { result, lines: sample.lines };
    }
    // A wrong baud rate makes garbage of bytes, it does not make them vanish.
    if (result.readable >= readableEnough || result.bytes === 0) break;
  }
  const isRight = best !== undefined && best.result.readable >= readableEnough;
  return {
    kind: 'read',
    driver,
    tried,
    baud: isRight ? best?.result.baud : undefined,
    guess: guessFraming(best?.lines ?? [], options.idField),
  };
}

async function problemBeforeOpening(
  path: string,
  host: ExaminationHost,
): Promise<string | undefined> {
  const target = parsePortPath(path);
  if (target === undefined) {
    return `${path} is neither a device nor tcp://HOST:PORT nor telnet://HOST:PORT`;
  }
  if (target.kind !== 'device') return undefined;
  try {
    await checkDevice(path, host.roots);
  } catch (error) {
    if (!(error instanceof SerialPortError)) throw error;
    if (error.code !== 'absent') return error.message;
    const others = (await listDevices(host.roots)).map((device) => device.byId[0] ?? device.path);
    const there =
      others.length === 0 ? 'no serial device is plugged in' : `there is: ${others.join(', ')}`;
    return `${path} is not there; ${there}   (linnet serial list)`;
  }
  // The maker of a pseudo-terminal has it open itself.
  if ((await locatePath(path))?.device.startsWith('/dev/pts/')) return undefined;
  const holders = await holdersOf(path, host.roots);
  if (holders.length === 0) return undefined;
  const who = describeHolders(holders);
  return `${path} is in use by ${who}: two readers would each get a part of the bytes; end it first`;
}

interface Sample {
  readonly driver: string;
  readonly bytes: number;
  readonly lines: readonly Uint8Array[];
}

/** Reads until there are enough lines, the time is over, or the port ends. */
async function readSample(
  path: string,
  baud: number,
  readMs: number,
  host: ExaminationHost,
): Promise<Sample> {
  const line: LineSettings = {
    baud,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    flow: 'none',
    dtr: 'keep',
    rts: 'keep',
    resetOnOpen: false,
    hangupOnClose: false,
  };
  const lines: Uint8Array[] = [];
  let bytes = 0;
  let done: () => void = () => undefined;
  const enough = new Promise<void>((resolve) => {
    done = resolve;
  });
  const framer = new LineFramer(lineBytesMax, {
    line: (content) => {
      lines.push(Uint8Array.from(content));
      if (lines.length > linesEnough) done();
    },
    oversize: (beginning) => lines.push(beginning),
  });
  const { driver } = await host.chooseDriver('auto', path);
  const events = {
    data: (chunk: Uint8Array): void => {
      bytes += chunk.length;
      framer.push(chunk);
    },
    closed: (): void => done(),
    warning: (): void => undefined,
  };
  const port = await driver.open(path, line, events, host.signal);
  const timer = setTimeout(done, readMs);
  host.signal.addEventListener('abort', done, { once: true });
  await enough;
  clearTimeout(timer);
  host.signal.removeEventListener('abort', done);
  await port.close();
  // The first line began before we listened.
  return { driver: driver.name, bytes, lines: lines.length > 1 ? lines.slice(1) : lines };
}
