/**
 * `linnet demo`: the main job with no hardware at hand. Simulated ESP32 boards write JSON lines on
 * pseudo-terminals (over TCP where the machine cannot make them), the broker reads them as it would read
 * real ones, and what arrives is shown live. Any MQTT client may watch too.
 */
import { ConfigError, parseConfigObject, renderConfigError } from '../config/index.ts';
import { startSimulatedDevice } from '../gateway/serial/index.ts';
import { ListenError, renderListenError } from '../listener/index.ts';
import { Server } from '../server.ts';
import { newCommand, parseCommand } from './arguments.ts';
import type { CommandIo } from './command-io.ts';
import { createDemoView } from './demo-view.ts';
import { ExitCode } from './exit-code.ts';
import { printError } from './start.ts';

interface DemoOptions {
  readonly devices: number;
  readonly rate: number;
  readonly seed: number;
  readonly for?: number;
  readonly mqttPort: number;
  readonly wsPort: number;
}

const devicesMax = 50;

export async function runDemo(argv: readonly string[], io: CommandIo): Promise<number> {
  const command = newCommand('demo', 'Broker, simulated ESP32 boards, and a live view.', io)
    .option('--devices <N>', `Simulated boards, up to ${devicesMax}.`, Number, 3)
    .option('--rate <LINES>', 'Lines a second of each board.', Number, 1)
    .option('--seed <N>', 'The same seed gives the same readings.', Number, 1)
    .option('--for <SECONDS>', 'Stop after so many seconds.', Number)
    .option('--mqtt-port <PORT>', 'MQTT server port.', Number, 1883)
    .option('--ws-port <PORT>', 'WebSocket server port.', Number, 9001)
    .allowExcessArguments(false);
  parseCommand(command, argv);
  const options = command.opts<DemoOptions>();
  const wrong = problemOf(options);
  if (wrong !== undefined) {
    printError(io, wrong, ExitCode.usage);
    return ExitCode.usage;
  }
  const devices = await Promise.all(
    Array.from({ length: options.devices }, (_, index) =>
      startSimulatedDevice({
        rate: options.rate,
        sensors: 1,
        badShare: 0.02,
        seed: options.seed + index,
        firstSensor: index,
      }),
    ),
  );
  try {
    return await show(
      options,
      devices.map(({ path }) => path),
      io,
    );
  } finally {
    await Promise.all(devices.map((device) => device.stop()));
  }
}

function problemOf({ devices, rate, for: seconds }: DemoOptions): string | undefined {
  if (!Number.isInteger(devices) || devices < 1 || devices > devicesMax) {
    return `--devices: expected 1 to ${devicesMax}`;
  }
  if (!(rate > 0 && rate <= 1000)) return '--rate: expected lines a second, up to 1000';
  if (seconds !== undefined && !(seconds > 0)) return '--for: expected a number of seconds';
  return undefined;
}

async function show(
  options: DemoOptions,
  paths: readonly string[],
  io: CommandIo,
): Promise<number> {
  const server = serverOf(options, paths, io);
  if (typeof server === 'number') return server;
  try {
    await server.start();
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    const text = renderListenError(error, (listener) => ({
      command: listener === 'mqtt' ? 'linnet demo --mqtt-port' : 'linnet demo --ws-port',
    }));
    printError(io, text, error.exitCode);
    return error.exitCode;
  }
  const view = createDemoView(io, {
    urls: server.listeners.map((listener) => listener.urls.at(-1) ?? ''),
    paths,
  });
  const client = server.localClient({ clientId: '$demo', username: '$demo' });
  await client.subscribe('iot/#', (message) => {
    view.arrived(message.topicName, Buffer.from(message.payload).toString());
  });
  await untilOver(io.signal, options.for);
  view.close();
  await server.stop();
  return ExitCode.ok;
}

function serverOf(
  { mqttPort, wsPort }: DemoOptions,
  paths: readonly string[],
  io: CommandIo,
): Server | number {
  try {
    return new Server({
      config: parseConfigObject({
        mqtt: { port: mqttPort },
        websocket: { port: wsPort },
        ephemeral: true,
        serial: {
          enabled: true,
          ports: paths.map((path, index) => ({ name: `board-${index + 1}`, path })),
        },
      }),
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    io.stderr.write(renderConfigError(error));
    return ExitCode.config;
  }
}

function untilOver(signal: AbortSignal, seconds: number | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = seconds === undefined ? undefined : setTimeout(resolve, seconds * 1000);
    const over = (): void => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) over();
    else signal.addEventListener('abort', over, { once: true });
  });
}
