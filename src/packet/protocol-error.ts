import type { ReasonCode } from './reason-code.ts';

/**
 * The peer broke the protocol: a Malformed Packet or a Protocol Error (MQTT 5.0 §4.13). It ends the
 * Network Connection. `reasonCode` is what MQTT 5.0 asks to send in CONNACK or DISCONNECT; `message`
 * says in one sentence what was wrong and may be sent as the Reason String.
 */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly reasonCode: ReasonCode;

  constructor(reasonCode: ReasonCode, message: string) {
    super(message);
    this.reasonCode = reasonCode;
  }
}
