import type { ByteReader } from './primitives.ts';
import { protocolError } from './protocol-error.ts';
import { type ReasonCode, reasonCodeName } from './reason-code.ts';

/** The Reason Codes that one packet may carry: indexed by number, `undefined` where it is not allowed. */
export type ReasonCodeList = readonly (ReasonCode | undefined)[];

export function reasonCodeList(codes: readonly ReasonCode[]): ReasonCodeList {
  const list: (ReasonCode | undefined)[] = new Array<undefined>(256).fill(undefined);
  for (const code of codes) list[code] = code;
  return list;
}

/** @throws ProtocolError 0x82 for a code that `packetName` may not carry */
export function readReasonCode(
  reader: ByteReader,
  allowed: ReasonCodeList,
  packetName: string,
): ReasonCode {
  const value = reader.byte('Reason Code');
  const code = allowed[value];
  if (code === undefined) {
    throw protocolError(`${reasonCodeName(value)} is not a Reason Code of ${packetName}`);
  }
  return code;
}
