import type { ClientSettings } from './client-options-settings.ts';
import { UsageError } from './client-options-value.ts';

/** What only the whole command line can show. @throws {UsageError} */
export function checkSettings(settings: ClientSettings): void {
  checkWill(settings);
  checkTls(settings);
  checkSession(settings);
  if (settings.command === 'pub') checkPub(settings);
  else checkSub(settings);
}

function checkWill(settings: ClientSettings): void {
  if (settings.willTopic !== undefined) return;
  if (settings.willPayload !== undefined) {
    throw new UsageError('Will payload given, but no will topic given.');
  }
  if (settings.willRetain) throw new UsageError('Will retain given, but no will topic given.');
}

function checkTls(settings: ClientSettings): void {
  if ((settings.certFile === undefined) !== (settings.keyFile === undefined)) {
    throw new UsageError('Both certfile and keyfile must be provided if one of them is set.');
  }
  if (settings.pskHex === undefined) return;
  if (settings.caFile !== undefined || settings.caDirectory !== undefined) {
    throw new UsageError('Only one of --psk or --cafile/--capath may be used at once.');
  }
  if (settings.pskIdentity === undefined) {
    throw new UsageError('--psk-identity required if --psk used.');
  }
}

function checkSession(settings: ClientSettings): void {
  const { protocolVersion, clientId, cleanStart } = settings;
  if (protocolVersion < 5) {
    if (!cleanStart && clientId === undefined) {
      throw new UsageError('You must provide a client id if you are using the -c option.');
    }
    if (settings.password !== undefined && settings.username === undefined) {
      throw new UsageError('A password without a username (-u) needs MQTT 5 (-V 5).');
    }
    return;
  }
  settings.sessionExpiryInterval ??= cleanStart ? 0 : 0xffff_ffff;
  if (settings.sessionExpiryInterval === 0xffff_ffff && clientId === undefined) {
    throw new UsageError(
      'You must provide a client id if you are using an infinite session expiry interval.',
    );
  }
}

function checkPub(settings: ClientSettings): void {
  if (settings.topics.length === 0 || settings.source === undefined) {
    throw new UsageError('Both topic (-t) and message (-m, -f, -l, -s or -n) must be supplied.');
  }
}

function checkSub(settings: ClientSettings): void {
  if (settings.topics.length === 0 && settings.unsubscribe.length === 0) {
    throw new UsageError('You must specify a topic to subscribe to (-t) or unsubscribe from (-U).');
  }
  if (settings.noRetained && settings.retainedOnly) {
    throw new UsageError("Combining '-R' and '--retained-only' makes no sense.");
  }
}
