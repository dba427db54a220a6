/**
 * The list of listeners: from the shorthand sections, or from the map `listeners:`. The map replaces the
 * listeners that would be there by default; a shorthand section whose address or switch was set on purpose
 * listens beside it. Two listeners on one address are an error that names both.
 */
import {
  type ListenerOptions,
  type ListenerSettings,
  resolveListenerOptions,
} from '../listener/index.ts';
import type { ResolvedListener } from './config.ts';
import { type ConfigIssue, issue } from './config-error.ts';
import type { FileReader } from './file-reader.ts';
import { type RawMap, rawAt } from './raw.ts';
import type { CheckedSections } from './schema.ts';
import { pathParts, settingAt } from './settings.ts';

export function resolveListeners(
  sections: CheckedSections,
  root: RawMap,
  files: FileReader,
  issues: ConfigIssue[],
): readonly ResolvedListener[] {
  const { mqtt, websocket, tls, listeners: map } = sections;
  const isShorthand = (section: string): boolean =>
    map === undefined ||
    ['enabled', 'host', 'port'].some((key) => rawAt(root, [section, key]) !== undefined);
  const resolved: ResolvedListener[] = [];
  const add = (name: string, settings: ListenerSettings, addressSetting: string): void => {
    const options = withUsablePaths(resolveListenerOptions(name, settings), files);
    resolved.push({ ...options, addressSetting });
  };
  if (mqtt.enabled && isShorthand('mqtt')) add('mqtt', mqttListener(sections), 'mqtt.port');
  if (websocket.enabled && isShorthand('websocket')) {
    add('websocket', webSocketListener(sections), 'websocket.port');
  }
  if (tls.enabled && isShorthand('tls') && hasCertificate(sections, root, issues)) {
    add('tls', tlsListener(sections), 'tls.port');
  }
  for (const [name, settings] of Object.entries(map ?? {})) {
    if (resolved.some((other) => other.name === name)) {
      const path = `listeners.${name}`;
      const problem = `the name ${name} is taken by the listener of the section ${name}; give it another name`;
      issues.push(
        issue({ code: 'conflict', path, origin: rawAt(root, path.split('.'))?.origin, problem }),
      );
    }
    add(name, settings, `listeners.${name}.bind`);
  }
  issues.push(...collisions(resolved, root));
  return resolved;
}

const bindText = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

const noTls = { require_client_cert: false, min_tls_version: '1.2' } as const;

function mqttListener({ mqtt }: CheckedSections): ListenerSettings {
  return {
    type: 'tcp',
    bind: bindText(mqtt.host, mqtt.port),
    max_connections: 0,
    ...noTls,
    receive_maximum: mqtt.receive_maximum,
    payload_format_check: mqtt.payload_format_check,
  };
}

function webSocketListener({ websocket }: CheckedSections): ListenerSettings {
  const { host, port, enabled: _, ...settings } = websocket;
  return { type: 'ws', bind: bindText(host, port), ...noTls, ...settings };
}

function tlsListener({ tls, mqtt }: CheckedSections): ListenerSettings {
  const { host = mqtt.host, port, enabled: _, ...settings } = tls;
  return { type: 'tls', bind: bindText(host, port), ...settings };
}

function hasCertificate({ tls }: CheckedSections, root: RawMap, issues: ConfigIssue[]): boolean {
  const before = issues.length;
  for (const key of ['cert_file', 'key_file'] as const) {
    if (tls[key] !== undefined) continue;
    const path = `tls.${key}`;
    const problem = 'is missing; tls.enabled is true and needs it';
    const fix = `${settingAt(path)?.meta.variable}=FILE, or --tls-${key.replace('_', '-')} FILE`;
    const origin = rawAt(root, ['tls', 'enabled'])?.origin;
    issues.push(issue({ code: 'invalid-value', path, origin, problem, fix }));
  }
  if (tls.require_client_cert && tls.ca_file === undefined) {
    const path = 'tls.require_client_cert';
    const problem = 'needs tls.ca_file: the authorities that sign client certificates';
    const origin = rawAt(root, pathParts(path))?.origin;
    issues.push(issue({ code: 'invalid-value', path, origin, found: 'true', problem }));
  }
  return issues.length === before;
}

function withUsablePaths(options: ListenerOptions, files: FileReader): ListenerOptions {
  const { address, tls } = options;
  const isPipe = address.path?.startsWith('\\\\') === true;
  return {
    ...options,
    address:
      address.path === undefined || isPipe
        ? address
        : { ...address, path: files.usable(address.path) },
    tls: tls && {
      ...tls,
      certFile: files.usable(tls.certFile),
      keyFile: files.usable(tls.keyFile),
      caFile: tls.caFile === undefined ? undefined : files.usable(tls.caFile),
    },
  };
}

function collisions(listeners: readonly ResolvedListener[], root: RawMap): readonly ConfigIssue[] {
  return listeners.flatMap((listener, index) => {
    const other = listeners.slice(0, index).find((earlier) => isSameAddress(earlier, listener));
    if (other === undefined) return [];
    const { addressSetting: path, address } = listener;
    const where = address.path ?? `port ${address.port}`;
    const problem = `${where} is taken by the listener ${other.name} (${other.addressSetting})`;
    const origin =
      rawAt(root, pathParts(path))?.origin ?? rawAt(root, pathParts(other.addressSetting))?.origin;
    return [issue({ code: 'conflict', path, origin, problem })];
  });
}

/** One address on the same port twice, or all addresses beside a single one. */
function isSameAddress(
  { address: one }: ListenerOptions,
  { address: other }: ListenerOptions,
): boolean {
  if (one.path !== undefined || other.path !== undefined) return one.path === other.path;
  if (one.port !== other.port || one.port === 0) return false;
  // 0.0.0.0 and [::] beside each other share the port: the second then serves IPv6 only.
  const covers = (host: string, single: string): boolean =>
    (host === '::' && single !== '0.0.0.0') || (host === '0.0.0.0' && !single.includes(':'));
  return one.host === other.host || covers(one.host, other.host) || covers(other.host, one.host);
}
