/** Configuration: the one schema, and the ways from flags, variables, files and objects to a `Config`. */
export { shippedPassword } from './access-sections.ts';
export type {
  AuthConfig,
  Config,
  LogConfig,
  QueueConfig,
  ResolvedListener,
} from './config.ts';
export {
  ConfigError,
  type ConfigIssue,
  type ConfigIssueCode,
  type Excerpt,
  issueText,
} from './config-error.ts';
export type { ConfigInput, ListenerInput } from './config-input.ts';
export { limitKey } from './delivery-sections.ts';
export { explainListener } from './explain-listener.ts';
export { type Flag, type FlagValues, flagOf, flags, serialFlagPath } from './flags.ts';
export { type GeneratedFile, generatedFiles } from './generated-files.ts';
export { jsonSchema } from './json-schema.ts';
export { type LoadedConfig, type LoadInput, loadConfig, parseConfigObject } from './load-config.ts';
export { type Origin, originText, type Source } from './origin.ts';
export { renderConfigError, renderConfigWarnings } from './render-config-error.ts';
export { renderEffective } from './render-effective.ts';
export { renderEnvExample } from './render-env-example.ts';
export { renderInitFile } from './render-init-file.ts';
export {
  type LogFormat,
  type LogLevel,
  logFormats,
  logLevels,
  type MessageLogFormat,
  messageLogFormats,
} from './server-sections.ts';
export { type Setting, settingAt, settings } from './settings.ts';
export { type Variable, variables } from './variables.ts';
