/** Bytes <-> packets of MQTT 3.1, 3.1.1 and 5.0. Free of Node: runs in browsers. */
export * from './packet.ts';
export { ProtocolError } from './protocol-error.ts';
export { ReasonCode } from './reason-code.ts';
