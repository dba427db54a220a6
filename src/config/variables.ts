/**
 * The environment variables: those of the settings, each declared with its setting, and the few that are
 * none. A name is never guessed from a path.
 */
import { serialPortSettings, settings } from './settings.ts';

export interface Variable {
  readonly name: string;
  /** The setting, `mqtt.port`. */
  readonly path: string;
  readonly description: string;
  /** Also exists as `<name>_FILE`. */
  readonly isSecret: boolean;
}

export const variables: readonly Variable[] = [...settings, ...serialPortSettings].flatMap(
  ({ path, meta }) =>
    meta.variable === undefined
      ? []
      : [
          {
            name: meta.variable,
            path,
            description: meta.description ?? '',
            isSecret: meta.secret === true,
          },
        ],
);

/** Another name for one or two settings. */
export interface Alias {
  readonly name: string;
  /** One path, or the paths of host and port of a `HOST:PORT`. */
  readonly paths: readonly [value: string] | readonly [host: string, port: string];
  readonly description: string;
  readonly defaultText: string;
}

export const aliases: readonly Alias[] = [
  {
    name: 'MQTT_BIND_ADDRESS',
    paths: ['mqtt.host', 'mqtt.port'],
    description: 'BROKER_MQTT_HOST and BROKER_MQTT_PORT in one; [::]:1883 for IPv6.',
    defaultText: '0.0.0.0:1883',
  },
  {
    name: 'MQTT_WS_BIND',
    paths: ['websocket.host', 'websocket.port'],
    description: 'BROKER_WEBSOCKET_HOST and BROKER_WEBSOCKET_PORT in one.',
    defaultText: '0.0.0.0:9001',
  },
  {
    name: 'ALLOW_ANONYMOUS',
    paths: ['auth.allow_anonymous'],
    description: 'Another name of BROKER_ALLOW_ANONYMOUS.',
    defaultText: 'private',
  },
];

/** Names the configuration file; no setting of its own. */
export const configVariable = 'BROKER_CONFIG';
export const configVariableDescription =
  'The configuration file, instead of looking for linnet.yaml in the usual places.';

/** Variables of later versions: refused, with a clear text, instead of ignored. */
export const laterVariables: readonly string[] = [
  'BROKER_DASHBOARD_PORT',
  'BROKER_DASHBOARD_USERNAME',
  'BROKER_DASHBOARD_PASSWORD',
  'BROKER_DASHBOARD_PASSWORD_FILE',
];

/** Every name beginning with `BROKER_` that means something. */
export const knownNames: ReadonlySet<string> = new Set([
  configVariable,
  ...laterVariables,
  ...variables.flatMap(({ name, isSecret }) => (isSecret ? [name, `${name}_FILE`] : [name])),
]);
