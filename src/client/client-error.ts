import { type ReasonCode, reasonCodeName } from '../packet/index.ts';

/**
 * What went wrong, for programs:
 * - `address`: the URL or a TLS file cannot be used; trying again changes nothing.
 * - `connect`: no Network Connection could be made (`cause` has the operating system's error).
 * - `timeout`: the server did not answer CONNECT in time.
 * - `refused`: CONNACK said no, see `ConnectRefusedError`.
 * - `lost`: the Network Connection ended without a DISCONNECT.
 * - `server-disconnect`: the server sent DISCONNECT, see `ServerDisconnectError`.
 * - `keep-alive`: the server answered no PINGREQ.
 * - `protocol`: the server sent what the specification forbids.
 * - `not-connected`: a QoS 0 message while there is no connection.
 * - `not-supported`: the server said in CONNACK that it does not take this.
 * - `invalid`: the request can never work as asked.
 * - `handler`: the message handler threw (`cause`).
 * - `closed`: this client was closed before the request was complete.
 */
export type ClientErrorCode =
  | 'address'
  | 'connect'
  | 'timeout'
  | 'refused'
  | 'lost'
  | 'server-disconnect'
  | 'keep-alive'
  | 'protocol'
  | 'not-connected'
  | 'not-supported'
  | 'invalid'
  | 'handler'
  | 'closed';

/** Anything that keeps the client from doing what it was asked. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What a server may say beside a reason code. */
export interface ServerReason {
  readonly reasonString?: string | undefined;
  readonly serverReference?: string | undefined;
}

/** The server refused the connection with a CONNACK. */
export class ConnectRefusedError extends ClientError {
  override readonly name = 'ConnectRefusedError';
  readonly reasonCode: ReasonCode;
  /** The code as it was on the wire: 1 to 5 in MQTT 3.x, the Reason Code in 5.0. */
  readonly returnCode: number;
  readonly reason: ServerReason;

  constructor(reasonCode: ReasonCode, returnCode: number, reason: ServerReason = {}) {
    super('refused', `The server refused the connection: ${describe(reasonCode, reason)}`);
    this.reasonCode = reasonCode;
    this.returnCode = returnCode;
    this.reason = reason;
  }
}

/** The server ended an established connection with a DISCONNECT (MQTT 5.0 only). */
export class ServerDisconnectError extends ClientError {
  override readonly name = 'ServerDisconnectError';
  readonly reasonCode: ReasonCode;
  readonly reason: ServerReason;

  constructor(reasonCode: ReasonCode, reason: ServerReason = {}) {
    super('server-disconnect', `The server ended the connection: ${describe(reasonCode, reason)}`);
    this.reasonCode = reasonCode;
    this.reason = reason;
  }
}

function describe(reasonCode: ReasonCode, reason: ServerReason): string {
  const code = `0x${reasonCode.toString(16).padStart(2, '0').toUpperCase()}`;
  const text = reason.reasonString === undefined ? '' : `: ${reason.reasonString}`;
  const elsewhere = reason.serverReference === undefined ? '' : ` (use ${reason.serverReference})`;
  return `${reasonCodeName(reasonCode)} (${code})${text}${elsewhere}`;
}
