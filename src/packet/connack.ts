import type { MqttVersion } from './packet.ts';
import { ReasonCode } from './reason-code.ts';

/**
 * The CONNACK return code of MQTT 3.1 and 3.1.1 (0 to 5) for a Reason Code of 5.0. With version 5 the
 * Reason Code itself. What 3.x has no word for is "server unavailable" (3).
 */
export function connackReturnCode(reasonCode: ReasonCode, version: MqttVersion): number {
  if (version === 5) return reasonCode;
  switch (reasonCode) {
    case ReasonCode.success:
      return 0;
    case ReasonCode.unsupportedProtocolVersion:
      return 1;
    case ReasonCode.clientIdentifierNotValid:
      return 2;
    case ReasonCode.badUserNameOrPassword:
    case ReasonCode.badAuthenticationMethod:
      return 4;
    case ReasonCode.notAuthorized:
    case ReasonCode.banned:
      return 5;
    default:
      return 3;
  }
}
