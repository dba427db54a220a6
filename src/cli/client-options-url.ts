import type { ClientSettings } from './client-options-settings.ts';
import { addTopic } from './client-options-topic.ts';
import { UsageError, wholeNumber } from './client-options-value.ts';

/**
 * `-L`: server, user and topic in one. Not a URL in the sense of the standard: as mosquitto reads it, the
 * topic is everything behind the first slash, and nothing is percent-decoded.
 */
export function applyUrl(settings: ClientSettings, url: string): void {
  const scheme = /^(mqtts?|wss?):\/\//i.exec(url);
  if (scheme === null) {
    throw new UsageError('unsupported URL scheme. Use mqtt://, mqtts://, ws:// or wss://.');
  }
  const rest = url.slice(scheme[0].length);
  const slash = rest.indexOf('/');
  if (slash === -1) throw new UsageError('Invalid URL for -L argument specified - topic missing.');
  addTopic(settings, rest.slice(slash + 1), '-L topic');
  const name = (scheme[1] ?? '').toLowerCase();
  settings.isWebSocket = name.startsWith('ws');
  settings.useOsCertificates ||= name.endsWith('s') && name !== 'ws';
  settings.port = defaultPorts[name];
  applyAuthority(settings, rest.slice(0, slash));
}

const defaultPorts: Readonly<Record<string, number>> = {
  mqtt: 1883,
  mqtts: 8883,
  ws: 9001,
  wss: 443,
};

function applyAuthority(settings: ClientSettings, authority: string): void {
  const at = authority.indexOf('@');
  if (at !== -1) {
    const [username = '', ...password] = authority.slice(0, at).split(':');
    settings.username = username;
    if (password.length > 0) settings.password = password.join(':');
  }
  const server = authority.slice(at + 1);
  const [, bracketed, plain, port] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(server) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined || host === '') {
    throw new UsageError('Invalid URL for -L argument specified - host missing.');
  }
  settings.host = host;
  if (port !== undefined) {
    settings.port = wholeNumber(port, 1, 65_535, `Invalid port given: ${port}`);
  }
}
