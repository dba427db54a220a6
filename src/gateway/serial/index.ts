/** Serial ports to MQTT: lines of JSON from a device become messages, commands become lines. */
export { type ChooseDriver, chooseDriver } from './choose-driver.ts';
export type { SerialClock } from './clock.ts';
export { type DeviceRoots, listDevices, machineRoots, type SerialDevice } from './device-finder.ts';
export { type Examination, type ExaminationOptions, examinePort } from './examine-port.ts';
export type { BadLine } from './line-intake.ts';
export * from './options.ts';
export { type SerialConfig, type SerialPortConfig, serialOptionsSchema } from './options-schema.ts';
export type { PortState } from './port-connection.ts';
export {
  fieldDrops,
  type LineResult,
  lineResults,
  type PortCounts,
  type WriteOutcome,
  writeResults,
} from './port-counters.ts';
export { type OpenPort, type PortDriver, SerialPortError } from './port-driver.ts';
export {
  type PortTarget,
  parsePortPath,
  parseSerialArgument,
  portNameFromPath,
} from './port-path.ts';
export type { PortStatus } from './port-status.ts';
export {
  openPseudoTerminal,
  type PseudoTerminal,
  type PseudoTerminalMethod,
  type PseudoTerminalOptions,
} from './pseudo-terminal.ts';
export { type ListedDevice, listedDevices, renderDevices } from './render-devices.ts';
export { renderExamination } from './render-examination.ts';
export { type SerialGateway, type SerialHost, startSerialGateway } from './serial-gateway.ts';
export type { SerialLog, SerialLogLevel } from './serial-log.ts';
export {
  type SimulatedDevice,
  SimulatedLines,
  type SimulationOptions,
  startSimulatedDevice,
} from './simulated-device.ts';
export { unescapeTopicLevel } from './topic-level.ts';
export type { WriteResult } from './write-back.ts';
