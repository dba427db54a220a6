/**
 * Keeps one port open: finds its device, opens it, notices when it is gone, waits, opens it again.
 *
 *   waiting ─► opening ─► open ◄─► stale
 *      ▲          │         │        │
 *      └── closed ◄─────────┴────────┘        error: it is there and cannot be opened
 *
 * One function decides (`#look`), always from the facts of the machine: is the device there, and is it
 * another one than was last tried? Everything that may have changed something (a timer, a directory, a
 * driver that closed) only makes it look again. A device that comes back is opened at once, whatever the
 * back-off of the old one was.
 */
import { dirname, join } from 'node:path';
import { BackOff } from './back-off.ts';
import type { ChooseDriver } from './choose-driver.ts';
import type { SerialClock } from './clock.ts';
import { checkDevice, describeHolders, holdersOf } from './device-access.ts';
import { type DeviceRoots, describeMatch } from './device-finder.ts';
import { type DeviceClaims, type Located, locatePath, locatePort } from './device-locator.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { formatDuration } from './duration.ts';
import type { SerialPortOptions } from './options.ts';
import { type OpenPort, SerialPortError, serialPortError } from './port-driver.ts';
import { parsePortPath } from './port-path.ts';
import { PortWatchdog } from './port-watchdog.ts';
import type { SerialLog } from './serial-log.ts';

export type PortState = 'disabled' | 'waiting' | 'opening' | 'open' | 'stale' | 'closed' | 'error';

export interface ConnectionHost {
  readonly clock: SerialClock;
  readonly log: SerialLog;
  readonly roots: DeviceRoots;
  readonly chooseDriver: ChooseDriver;
  readonly claims: DeviceClaims;
  stateChanged(state: PortState): void;
  opened(port: OpenPort): void;
  data(chunk: Uint8Array): void;
  /** Always follows `opened`, before anything else is tried. */
  closed(): void;
}

/** How often a device that is not there is looked for, besides directory events. */
const lookMs = 2000;
/** udev sets the rights of a new device a moment after its name appears. */
const rightsGraceMs = 3000;

export class PortConnection {
  readonly #options: SerialPortOptions;
  readonly #host: ConnectionHost;
  /** The port in words: what was configured. */
  readonly #subject: string;
  readonly #backOff: BackOff;
  readonly #watch: DirectoryWatch;
  readonly #stopping = new AbortController();
  readonly #saidWarnings = new Set<string>();
  #state: PortState = 'waiting';
  #port: OpenPort | undefined;
  #located: Located | undefined;
  #watchdog: PortWatchdog | undefined;
  #lastError: string | undefined;
  #saidError: string | undefined;
  #looking: Promise<void> | undefined;
  #looksAgain = false;
  #cancelLook: () => void = () => undefined;
  /** The device last tried; undefined once it was seen to be absent. */
  #triedIdentity: string | undefined;
  #isAbsent = false;
  #appearedAtMs = Number.NEGATIVE_INFINITY;
  #openedAtMs = 0;
  #retryAtMs = 0;

  constructor(options: SerialPortOptions, host: ConnectionHost) {
    this.#options = options;
    this.#host = host;
    this.#subject =
      options.path ?? (options.match === undefined ? options.name : describeMatch(options.match));
    this.#backOff = new BackOff(options.reconnect, host.clock);
    this.#watch = new DirectoryWatch(watchedDirectories(options, host.roots), () => {
      if (this.#port === undefined) this.#wake(20);
    });
  }

  get state(): PortState {
    return this.#state;
  }

  /** The port while it is open. */
  get port(): OpenPort | undefined {
    return this.#port;
  }

  get path(): string | undefined {
    return this.#located?.path ?? this.#options.path;
  }

  /** The real path of the device in use. */
  get device(): string | undefined {
    return this.#located?.device;
  }

  get lastError(): string | undefined {
    return this.#lastError;
  }

  start(): void {
    this.#wake(0);
  }

  /** Ends for good. Resolves when the device is free. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelLook();
    this.#watch.close();
    await this.#looking;
    const port = this.#port;
    if (port !== undefined) this.#forget();
    this.#setState('closed');
    await port?.close();
  }

  /** A valid line came. */
  heard(): void {
    this.#watchdog?.heard();
    if (this.#state !== 'stale') return;
    this.#log('info', 'serial.port.heard', `${this.#subject} speaks again`);
    this.#setState('open');
  }

  get #isStopped(): boolean {
    return this.#stopping.signal.aborted;
  }

  /** Looks after `delayMs`, instead of when it would have looked. */
  #wake(delayMs: number): void {
    this.#cancelLook();
    if (this.#isStopped) return;
    this.#cancelLook = this.#host.clock.after(delayMs, () => {
      if (this.#looking === undefined) this.#looking = this.#lookUntilDone();
      else this.#looksAgain = true;
    });
  }

  async #lookUntilDone(): Promise<void> {
    try {
      do {
        this.#looksAgain = false;
        await this.#look();
      } while (this.#looksAgain && this.#port === undefined);
    } catch (error) {
      this.#failed(serialPortError(this.#subject, error));
    } finally {
      this.#looking = undefined;
    }
  }

  async #look(): Promise<void> {
    if (this.#isStopped || this.#port !== undefined) return;
    this.#watch.refresh();
    const located = await locatePort(this.#options, this.#host.claims, this.#host.roots);
    if (this.#isStopped) return;
    const nowMs = this.#host.clock.monotonicMs();
    if (located === undefined) {
      this.#triedIdentity = undefined;
      this.#isAbsent = true;
      this.#waits(`${this.#subject} is not there`);
      this.#wake(lookMs);
      return;
    }
    if (this.#isAbsent) this.#appearedAtMs = nowMs;
    this.#isAbsent = false;
    if (located.identity !== this.#triedIdentity) {
      this.#backOff.reset();
      this.#retryAtMs = nowMs;
    }
    if (nowMs >= this.#retryAtMs) await this.#open(located);
    else this.#wake(Math.min(lookMs, this.#retryAtMs - nowMs));
  }

  async #open(located: Located): Promise<void> {
    const { claims, chooseDriver, roots } = this.#host;
    const { name, driver: wanted, line } = this.#options;
    this.#triedIdentity = located.identity;
    if (this.#state !== 'error') this.#setState('opening');
    let port: OpenPort | undefined;
    let endedBecause: string | undefined;
    try {
      const user = claims.get(located.device);
      if (user !== undefined && user !== name) {
        throw new SerialPortError('busy', `${located.path} is already used by the port "${user}"`);
      }
      claims.set(located.device, name);
      const { driver, fallbackReason } = await chooseDriver(wanted, located.path);
      if (fallbackReason !== undefined) this.#warn('serial.driver.fallback', fallbackReason);
      if (isDevice(located)) await checkDevice(located.path, roots);
      const events = {
        data: (chunk: Uint8Array) => this.#host.data(chunk),
        closed: (cause: Error) => {
          endedBecause = cause.message;
          if (port !== undefined && port === this.#port) this.#lost(cause.message);
        },
        warning: (text: string) => this.#warn('serial.port.warning', text),
      };
      port = await driver.open(located.path, line, events, this.#stopping.signal);
    } catch (error) {
      if (claims.get(located.device) === name) claims.delete(located.device);
      await this.#openFailed(serialPortError(located.path, error), located);
      return;
    }
    if (this.#isStopped) {
      claims.delete(located.device);
      await port.close();
      return;
    }
    this.#opened(port, located);
    if (endedBecause !== undefined) this.#lost(endedBecause);
  }

  #opened(port: OpenPort, located: Located): void {
    const { clock } = this.#host;
    this.#port = port;
    this.#located = located;
    this.#openedAtMs = clock.monotonicMs();
    this.#saidError = undefined;
    const baud = isDevice(located) ? ` @${this.#options.line.baud}` : '';
    this.#log('info', 'serial.port.open', `${located.path}${baud} is open (${port.driver})`);
    this.#host.opened(port);
    this.#setState('open');
    const watched = {
      isOpen: () => port.isOpen,
      isThere: async () => (await locatePath(located.device)) !== undefined,
      gone: (cause: string) => this.#lost(cause),
      silent: () => this.#silent(),
    };
    this.#watchdog = new PortWatchdog(watched, clock, this.#options.silenceMs);
    this.#warnOfSharing(located).catch((error: unknown) =>
      this.#warn('serial.port.warning', `looking for other readers failed: ${String(error)}`),
    );
  }

  /** No lock keeps a program out that asks for none; two readers each get a part of the bytes. */
  async #warnOfSharing(located: Located): Promise<void> {
    // The maker of a pseudo-terminal has it open itself.
    if (!isDevice(located) || located.device.startsWith('/dev/pts/')) return;
    const holders = await holdersOf(located.device, this.#host.roots);
    if (holders.length === 0) return;
    const who = describeHolders(holders);
    const text = `${located.path} is also open in ${who}: each gets a part of the bytes; close one`;
    this.#warn('serial.port.shared', text);
  }

  async #openFailed(error: SerialPortError, located: Located): Promise<void> {
    if (this.#isStopped) return;
    const nowMs = this.#host.clock.monotonicMs();
    if (error.code === 'absent') {
      const pauseMs = isDevice(located) ? lookMs : this.#backOff.nextMs();
      this.#retryAtMs = nowMs + pauseMs;
      this.#waits(error.message);
      this.#wake(pauseMs);
      return;
    }
    if (error.code === 'permission' && nowMs - this.#appearedAtMs < rightsGraceMs) {
      this.#retryAtMs = nowMs + 200;
      this.#wake(200);
      return;
    }
    if (error.code !== 'busy' || error.message.includes('already used')) {
      this.#failed(error);
      return;
    }
    const holders = await holdersOf(located.path, this.#host.roots);
    const who = holders.length === 0 ? 'another program' : describeHolders(holders);
    const text = `${located.path} is in use by ${who}; close it there`;
    this.#failed(new SerialPortError('busy', text, error));
  }

  /** The device is there and cannot be opened. */
  #failed(error: SerialPortError): void {
    if (this.#isStopped) return;
    const { maxMs } = this.#options.reconnect;
    const isLasting = error.code === 'permission' || error.code === 'driver_missing';
    const pauseMs = isLasting ? maxMs : this.#backOff.nextMs();
    this.#lastError = error.message;
    if (this.#saidError !== error.message) {
      this.#saidError = error.message;
      const every = isLasting ? 'every' : 'with pauses up to';
      const retry = `linnet keeps running; retrying ${every} ${formatDuration(maxMs)} (logged once)`;
      this.#log('error', 'serial.port.error', `${error.message}   ${retry}`);
    }
    this.#retryAtMs = this.#host.clock.monotonicMs() + pauseMs;
    this.#setState('error');
    this.#wake(Math.min(lookMs, pauseMs));
  }

  #waits(why: string): void {
    this.#lastError = why;
    if (this.#saidError !== why) {
      this.#saidError = why;
      this.#log('info', 'serial.port.waiting', `${why}; waiting for it`);
    }
    this.#setState('waiting');
  }

  #silent(): void {
    const { silenceMs, silenceReopen } = this.#options;
    const text = `no valid line for ${formatDuration(silenceMs)}`;
    if (this.#state === 'open') {
      this.#log('warning', 'serial.port.stale', `${this.#subject}: ${text}`);
      this.#setState('stale');
    }
    if (silenceReopen) this.#lost(text);
  }

  #lost(cause: string): void {
    const port = this.#port;
    if (port === undefined || this.#isStopped) return;
    const nowMs = this.#host.clock.monotonicMs();
    this.#lastError = cause;
    this.#log('warning', 'serial.port.closed', `${this.path ?? this.#subject} closed: ${cause}`);
    this.#forget();
    this.#setState('closed');
    port
      .close()
      .catch((error: unknown) => this.#warn('serial.port.warning', `closing: ${String(error)}`));
    if (nowMs - this.#openedAtMs >= this.#options.reconnect.resetAfterMs) this.#backOff.reset();
    this.#retryAtMs = nowMs + this.#backOff.nextMs();
    this.#wake(0);
  }

  #forget(): void {
    if (this.#located !== undefined) this.#host.claims.delete(this.#located.device);
    this.#watchdog?.end();
    this.#port = undefined;
    this.#located = undefined;
    this.#host.closed();
  }

  #setState(state: PortState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#host.stateChanged(state);
  }

  /** Said once: it would come again with every reconnect. */
  #warn(event: string, text: string): void {
    if (this.#saidWarnings.has(text)) return;
    this.#saidWarnings.add(text);
    this.#log('warning', event, text);
  }

  #log(level: Parameters<SerialLog>[0], event: string, text: string): void {
    const { name } = this.#options;
    this.#host.log(level, event, `${name}: ${text}`, { port: name });
  }
}

function isDevice(located: Located): boolean {
  return parsePortPath(located.path)?.kind === 'device';
}

function watchedDirectories(options: SerialPortOptions, roots: DeviceRoots): string[] {
  const { path, match } = options;
  if (match !== undefined) return [join(roots.dev, 'serial/by-id'), roots.dev];
  if (path === undefined || parsePortPath(path)?.kind !== 'device') return [];
  return process.platform === 'win32' ? [] : [dirname(path)];
}
