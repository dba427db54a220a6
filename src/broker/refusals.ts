import type { ClientConnection } from './client-connection.ts';
import type { ConnectionEnd } from './client-connection-host.ts';
import type { Core } from './core.ts';

/** Counts a connection that was refused, and tells the observers. */
export function reportRefusal(core: Core, connection: ClientConnection, end: ConnectionEnd): void {
  const cause = end.refusal;
  if (cause === undefined) return; // It left by itself: a port scan, a health check.
  const connect = connection.protocol.connectPacket;
  countRefusal(core, cause);
  core.plugins.tell('connectionRefused', {
    clientId: connect?.clientId,
    username: connect?.username,
    origin: connection.link.origin,
    reasonCode: end.reasonCode,
    cause,
    detail: end.detail ?? '',
  });
}

export function countRefusal({ counters }: Core, cause: string): void {
  const { refusedByCause } = counters;
  counters.connectionsRefused++;
  refusedByCause[cause] = (refusedByCause[cause] ?? 0) + 1;
}
