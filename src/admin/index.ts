/** Administration: the control channel of a running broker, and the client of it. */
export {
  ControlChannel,
  type ControlHost,
  controlSocketPath,
  ephemeralSocketPaths,
} from './control-channel.ts';
export {
  type ControlAnswer,
  callControl,
  findControlSocket,
  streamControl,
} from './control-client.ts';
export { ControlError } from './control-error.ts';
export type { HistoryEnd, HistoryLine } from './history-route.ts';
