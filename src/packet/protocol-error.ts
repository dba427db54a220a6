import type { MqttVersion } from './packet.ts';
import { ReasonCode } from './reason-code.ts';

/**
 * The peer broke the protocol: a Malformed Packet or a Protocol Error (MQTT 5.0 §4.13). It ends the
 * Network Connection. `reasonCode` is what MQTT 5.0 asks to send in CONNACK or DISCONNECT; `message`
 * says in one sentence what was wrong and may be sent as the Reason String.
 */
export class ProtocolError extends Error {
  override readonly name: string = 'ProtocolError';
  readonly reasonCode: ReasonCode;

  constructor(reasonCode: ReasonCode, message: string) {
    super(message);
    this.reasonCode = reasonCode;
  }
}

/**
 * What came first is no MQTT CONNECT: another packet type, or a protocol name that is not MQTT's. The
 * connection is closed and nothing is sent, because the peer may speak anything.
 */
export class NotMqttError extends ProtocolError {
  override readonly name: string = 'NotMqttError';
}

/** A CONNECT of MQTT, but of a version that is none of 3.1, 3.1.1 and 5.0. The client can be told. */
export class UnsupportedVersionError extends ProtocolError {
  override readonly name: string = 'UnsupportedVersionError';
  readonly protocolName: string;
  /** The byte as received. */
  readonly protocolVersion: number;
  /** The version whose CONNACK the client most likely understands. */
  readonly answerVersion: MqttVersion;

  constructor(protocolName: string, protocolVersion: number) {
    super(
      ReasonCode.unsupportedProtocolVersion,
      `Protocol ${protocolName} with version ${protocolVersion} is not supported; use MQTT 3.1, 3.1.1 or 5.0`,
    );
    this.protocolName = protocolName;
    this.protocolVersion = protocolVersion;
    // What comes after 5.0 knows Reason Codes; what came before expects return code 1.
    this.answerVersion = protocolVersion > 4 && protocolName === 'MQTT' ? 5 : 4;
  }
}

/** The bytes cannot be read as the packet they claim to be: 0x81. */
export function malformed(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.malformedPacket, message);
}

/** Well-formed, but not allowed here: 0x82. */
export function protocolError(message: string): ProtocolError {
  return new ProtocolError(ReasonCode.protocolError, message);
}
