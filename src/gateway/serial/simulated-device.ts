/**
 * A sensor board made of software: writes lines as an ESP32 would, at a rate, with a share of garbage, the
 * same ones for the same seed. Like a real board it does not wait for a reader: what nobody takes is lost.
 */
import {
  openPseudoTerminal,
  type PseudoTerminalMethod,
  type PseudoTerminalOptions,
} from './pseudo-terminal.ts';

export interface SimulationOptions {
  /** Lines a second, all sensors together. */
  readonly rate: number;
  readonly sensors: number;
  /** Share of lines that are garbage, 0 to 1. */
  readonly badShare: number;
  readonly seed: number;
  /** Number of the first sensor, so that several boards have different ones. Default 0. */
  readonly firstSensor?: number;
}

/** The id in the founding document; further sensors differ in their last bytes. */
const firstSensorId = 'A0:B1:C2:D3:E4:F5';

/** The lines of several sensors in turn. */
export class SimulatedLines {
  readonly #random: () => number;
  readonly #badShare: number;
  readonly #sensors: { readonly id: string; temperature: number; humidity: number }[] = [];
  #count = 0;

  constructor(options: Omit<SimulationOptions, 'rate'>) {
    this.#random = seededRandom(options.seed);
    this.#badShare = options.badShare;
    const first = options.firstSensor ?? 0;
    for (let index = first; index < first + options.sensors; index += 1) {
      const tail = (0xe4f5 + index) % 0x10000;
      const high = (tail >> 8).toString(16).padStart(2, '0').toUpperCase();
      const low = (tail & 0xff).toString(16).padStart(2, '0').toUpperCase();
      const id = index === 0 ? firstSensorId : `A0:B1:C2:D3:${high}:${low}`;
      this.#sensors.push({ id, temperature: 25.5, humidity: 45.2 });
    }
  }

  /** The next line, its LF included. */
  next(): Uint8Array {
    const sensor = this.#sensors[this.#count % this.#sensors.length];
    this.#count += 1;
    if (sensor === undefined) return Buffer.from('\n');
    const line =
      `{"sensor_id": "${sensor.id}", "temperature": ${sensor.temperature.toFixed(1)}, ` +
      `"humidity": ${sensor.humidity.toFixed(1)}}`;
    sensor.temperature = this.#walk(sensor.temperature, -20, 60);
    sensor.humidity = this.#walk(sensor.humidity, 0, 100);
    return this.#random() < this.#badShare ? this.#garbage(line) : Buffer.from(`${line}\n`);
  }

  #walk(value: number, min: number, max: number): number {
    return Math.min(max, Math.max(min, value + (this.#random() - 0.5)));
  }

  /** What real lines suffer from: torn ones, boot messages, NaN, another baud rate, a missing id. */
  #garbage(line: string): Uint8Array {
    const cut = 1 + Math.floor(this.#random() * (line.length - 2));
    const kinds = [
      () => Buffer.from(`${line.slice(0, cut)}\n`),
      () => Buffer.from(`${line.slice(cut)}\n`),
      () => Buffer.from('rst:0x1 (POWERON_RESET),boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n'),
      () => Buffer.from(`${line.replace(/"temperature": [-\d.]+/, '"temperature": NaN')}\n`),
      () => Buffer.from(`${line.replace('sensor_id', 'sensor')}\n`),
      () =>
        Buffer.from([
          ...Array.from({ length: 24 }, () => 0x80 + Math.floor(this.#random() * 128)),
          0x0a,
        ]),
    ];
    return (kinds[Math.floor(this.#random() * kinds.length)] ?? kinds[0])?.() ?? Buffer.from('\n');
  }
}

export interface SimulatedDevice {
  /** What to open. */
  readonly path: string;
  readonly method: PseudoTerminalMethod;
  /** Lines made so far, those nobody took included. */
  linesMade(): number;
  /** Unplugs it; no process and no file stays behind. Calls may repeat. */
  stop(): Promise<void>;
}

const tickMs = 20;

/** Starts writing at once. @throws {Error} when no pseudo-terminal and no TCP port can be made. */
export async function startSimulatedDevice(
  options: SimulationOptions,
  terminalOptions: PseudoTerminalOptions = {},
): Promise<SimulatedDevice> {
  const terminal = await openPseudoTerminal(terminalOptions);
  const lines = new SimulatedLines(options);
  const startedMs = performance.now();
  let made = 0;
  let isTaken = true;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) * options.rate) / 1000);
    const chunks: Uint8Array[] = [];
    for (; made < due; made += 1) chunks.push(lines.next());
    if (chunks.length === 0 || !isTaken) return;
    isTaken = terminal.write(Buffer.concat(chunks));
    if (isTaken) return;
    terminal.drained().then(
      () => {
        isTaken = true;
      },
      () => clearInterval(timer),
    );
  }, tickMs);
  return {
    path: terminal.path,
    method: terminal.method,
    linesMade: () => made,
    stop: () => {
      clearInterval(timer);
      return terminal.close();
    },
  };
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
