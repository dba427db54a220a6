import { promises as dns } from 'node:dns';
import { ClientError, type ConnectOptions, type TlsOptions } from '../client/index.ts';
import type { ConnectProperties } from '../packet/index.ts';
import type { ClientSettings } from './client-options-settings.ts';

/**
 * What the client needs, from what the command line said.
 * @throws {ClientError} `address`, when `-S` finds nothing.
 */
export async function connectOptions(settings: ClientSettings): Promise<ConnectOptions> {
  return {
    url: await serverUrl(settings),
    protocolVersion: settings.protocolVersion,
    clientId: clientId(settings),
    cleanStart: settings.cleanStart,
    keepAlive: settings.keepAlive,
    username: settings.username,
    password: settings.password,
    will: will(settings),
    properties: connectProperties(settings),
    tls: tlsOptions(settings),
    localAddress: settings.bindAddress,
    noDelay: settings.noDelay,
    inflightMax: settings.inflightMax,
  };
}

async function serverUrl(settings: ClientSettings): Promise<string> {
  if (settings.unixPath !== undefined) return `unix:${settings.unixPath}`;
  const isTls = usesTls(settings);
  const scheme = settings.isWebSocket ? (isTls ? 'wss' : 'ws') : isTls ? 'mqtts' : 'mqtt';
  const { host, port } = settings.useSrv
    ? await lookUp(settings.host, isTls)
    : { host: settings.host, port: settings.port ?? defaultPort(settings) };
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function usesTls(settings: ClientSettings): boolean {
  const hasAuthorities = settings.caFile !== undefined || settings.caDirectory !== undefined;
  const isAsked = hasAuthorities || settings.pskHex !== undefined || settings.useOsCertificates;
  return isAsked || settings.port === 8883;
}

/** mosquitto_pub's and mosquitto_sub's, except for WebSocket, which has a port of its own here. */
function defaultPort(settings: ClientSettings): number {
  if (settings.isWebSocket) return 9001;
  const isTls = [settings.caFile, settings.caDirectory, settings.pskHex].some(
    (value) => value !== undefined,
  );
  return isTls ? 8883 : 1883;
}

async function lookUp(host: string, isTls: boolean): Promise<{ host: string; port: number }> {
  const name = `${isTls ? '_secure-mqtt' : '_mqtt'}._tcp.${host}`;
  const records = await dns.resolveSrv(name).catch((cause: Error) => {
    throw new ClientError('address', `SRV lookup of ${name} failed: ${cause.message}`, { cause });
  });
  const [first] = records.sort((a, b) => a.priority - b.priority || b.weight - a.weight);
  if (first === undefined) throw new ClientError('address', `There is no SRV record ${name}.`);
  return { host: first.name, port: first.port };
}

function clientId(settings: ClientSettings): string | undefined {
  const { clientIdPrefix } = settings;
  return clientIdPrefix === undefined ? settings.clientId : `${clientIdPrefix}${process.pid}`;
}

function will(settings: ClientSettings): ConnectOptions['will'] {
  if (settings.willTopic === undefined) return undefined;
  return {
    topicName: settings.willTopic,
    payload: settings.willPayload,
    qos: settings.willQos,
    retain: settings.willRetain,
    properties: settings.properties.will,
  };
}

function connectProperties(settings: ClientSettings): ConnectProperties {
  const { connect } = settings.properties;
  const { sessionExpiryInterval = 0, messageCount = 0 } = settings;
  // With `-C` fewer messages than that may be on their way, or some would be lost unseen at the end.
  const isFew = messageCount > 0 && messageCount < 20;
  return {
    ...(isFew ? { receiveMaximum: messageCount } : {}),
    ...(sessionExpiryInterval === 0 ? {} : { sessionExpiryInterval }),
    ...connect,
  };
}

function tlsOptions(settings: ClientSettings): TlsOptions {
  const { pskHex, pskIdentity } = settings;
  return {
    caFile: settings.caFile,
    caDirectory: settings.caDirectory,
    systemAuthorities: settings.useOsCertificates,
    certFile: settings.certFile,
    keyFile: settings.keyFile,
    insecure: settings.isInsecure,
    alpn: settings.alpn,
    version: settings.tlsVersion,
    ciphers: settings.ciphers,
    psk:
      pskHex === undefined || pskIdentity === undefined
        ? undefined
        : { key: Buffer.from(pskHex, 'hex'), identity: pskIdentity },
  };
}
