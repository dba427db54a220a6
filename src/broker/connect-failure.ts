import {
  MqttVersion,
  type ProtocolError,
  ReasonCode,
  UnsupportedVersionError,
} from '../packet/index.ts';

/** Whether, and in which version, a client can be told why its CONNECT failed. */
export function answerTo(
  error: ProtocolError,
  known: MqttVersion | undefined,
): { version: MqttVersion | undefined; isTold: boolean } {
  if (error instanceof UnsupportedVersionError)
    return { version: error.answerVersion, isTold: true };
  // 3.x is told only what its return codes can say [MQTT3-3.1.2-2], [MQTT3-3.1.3-9].
  const isClientId = error.reasonCode === ReasonCode.clientIdentifierNotValid;
  return {
    version: known,
    isTold: known === MqttVersion.v5 || (known !== undefined && isClientId),
  };
}
