/** Serial ports to MQTT: lines of JSON from a device become messages, commands become lines. */
export * from './options.ts';
export { type SerialConfig, type SerialPortConfig, serialOptionsSchema } from './options-schema.ts';
export {
  type PortTarget,
  parsePortPath,
  parseSerialArgument,
  portNameFromPath,
} from './port-path.ts';
