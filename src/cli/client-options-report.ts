/** What `linnet pub` and `linnet sub` say on stderr, and the exit codes they end with. */
import {
  ClientError,
  type ClientErrorCode,
  type ClientObserver,
  ConnectRefusedError,
} from '../client/index.ts';
import type { Packet } from '../packet/index.ts';
import { reasonCodeName } from '../packet/index.ts';
import type { ClientSettings } from './client-options-settings.ts';
import type { CommandIo } from './command-io.ts';
import { formatPacket } from './format-packet.ts';

/** mosquitto's codes for errors after the connection was established; 1 for all others. */
const exitCodes: Partial<Record<ClientErrorCode, number>> = {
  protocol: 2,
  invalid: 3,
  'server-disconnect': 4,
  lost: 7,
  'not-supported': 10,
  'keep-alive': 19,
};

/** The CONNACK's code for a refused connection, otherwise the number of the error's kind. */
export function exitCodeOf(error: ClientError): number {
  if (error instanceof ConnectRefusedError) return error.returnCode;
  return exitCodes[error.code] ?? 1;
}

export class Report {
  readonly #io: CommandIo;
  readonly #isQuiet: boolean;

  constructor(settings: ClientSettings, io: CommandIo) {
    this.#io = io;
    this.#isQuiet = settings.isQuiet;
  }

  error(sentence: string): void {
    this.#print(`Error: ${sentence}\n`);
  }

  warning(sentence: string): void {
    this.#print(`Warning: ${sentence}\n`);
  }

  notice(line: string): void {
    this.#print(`${line}\n`);
  }

  /** Prints what ended the client and answers the exit code. @throws what is no ClientError. */
  failure(error: unknown): number {
    if (!(error instanceof ClientError)) throw error;
    if (error instanceof ConnectRefusedError) this.#print(`Connection error: ${refusal(error)}\n`);
    else this.error(error.message);
    return exitCodeOf(error);
  }

  /** Warns once when the connection goes, not at each attempt; with `-d` tells of every packet. */
  observer(settings: ClientSettings): ClientObserver {
    let isLost = false;
    return {
      ...(settings.isDebug ? this.#debugObserver(settings) : {}),
      connected: () => {
        isLost = false;
      },
      connectionLost: ({ message }) => {
        if (!isLost) this.warning(`${message} Connecting again.`);
        isLost = true;
      },
    };
  }

  #debugObserver(settings: ClientSettings): ClientObserver {
    const clientId = settings.clientId ?? settings.clientIdPrefix ?? '';
    const show = (packet: Packet, direction: 'sending' | 'received'): void => {
      for (const line of formatPacket(packet, direction, clientId)) this.#print(`${line}\n`);
    };
    return {
      packetSent: (packet) => show(packet, 'sending'),
      packetReceived: (packet) => show(packet, 'received'),
    };
  }

  #print(text: string): void {
    if (!this.#isQuiet) this.#io.stderr.write(text);
  }
}

function refusal(error: ConnectRefusedError): string {
  const { reasonCode, returnCode, reason } = error;
  const name = reasonCodeName(reasonCode);
  const text = reason.reasonString === undefined ? '' : `: ${reason.reasonString}`;
  const elsewhere = reason.serverReference === undefined ? '' : ` (use ${reason.serverReference})`;
  return `${name} (${returnCode})${text}${elsewhere}`;
}
