import type { BrokerObserver, ClientConnected } from '../../broker/index.ts';
import { MqttVersion } from '../../packet/index.ts';
import type { ConnectionRows, ConnectionStart } from './connection-rows.ts';

const protocols: Readonly<Record<MqttVersion, string>> = {
  [MqttVersion.v31]: '3.1',
  [MqttVersion.v311]: '3.1.1',
  [MqttVersion.v5]: '5.0',
};

/**
 * Makes a row of each Network Connection of an accepted client.
 *
 * @param now the wall clock
 * @param wake called when there are rows to write
 */
export function createConnectionAudit(
  rows: ConnectionRows,
  now: () => number,
  wake: () => void,
): BrokerObserver {
  return {
    name: 'connection-audit',
    clientConnected(fact) {
      rows.connected(fact.origin, startOf(fact, now()));
      wake();
    },
    clientDisconnected({ origin, cause, detail }) {
      rows.disconnected(origin, { disconnectMs: now(), reason: cause, detail });
      wake();
    },
  };
}

function startOf(fact: ClientConnected, nowMs: number): ConnectionStart {
  const { origin } = fact;
  return {
    clientId: fact.clientId,
    username: fact.username ?? 'anonymous',
    ipAddress: origin.remoteAddress === '' ? undefined : origin.remoteAddress,
    connectMs: nowMs,
    protocol: protocols[fact.protocolVersion],
    clean: fact.cleanStart,
    listener: origin.listenerName,
    transport: origin.transport,
    port: origin.remotePort,
    keepAlive: fact.keepAlive,
  };
}
