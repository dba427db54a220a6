/**
 * Every event a log line can carry: the one list, from which the reference page is made. The names are a
 * promise: people search for them and alert on them. To add an event, add a row; a line whose event has
 * no row is written all the same.
 */
import { type EventRow, row } from './event-row.ts';
import { storageEvents } from './storage-events.ts';

const client = 'client user ip port listener';

export const events: Readonly<Record<string, EventRow>> = {
  'broker.started': row('INFO', 'broker', 'All listeners are open.', 'version', {
    seedLine: 'MQTT Broker started successfully',
  }),
  'broker.ready': row(
    'INFO',
    'broker',
    'The start is complete; stands for the banner where the console is no terminal.',
    'version startMs listeners dataDir config',
  ),
  'broker.stopping': row(
    'INFO',
    'broker',
    'A signal or command asked for the end; nothing new is accepted.',
    'signal clients',
  ),
  'broker.stopped': row('INFO', 'broker', 'Everything is closed.', 'clients stopMs', {
    seedLine: 'MQTT Broker stopped',
  }),
  'broker.failed': row(
    'ERROR',
    'broker',
    'Something unforeseen happened; the broker stops in order with a non-zero exit code.',
    'error',
    { seedLine: 'Unexpected error: <error>' },
  ),
  'internal.error': row(
    'ERROR',
    'broker',
    'A hook, a plugin or the broker itself threw: a bug in it. The broker goes on.',
    'where error',
    { folded: true },
  ),
  'listener.opened': row(
    'INFO',
    'listener',
    'A listener accepts connections.',
    'listener transport address',
  ),
  'listener.closed': row(
    'INFO',
    'listener',
    'A listener accepts no more connections.',
    'listener transport address',
  ),
  'listener.accept.failed': row(
    'ERROR',
    'listener',
    'A connection could not be accepted.',
    'listener reason repeats withinMs',
  ),
  'listener.handshake.timeout': row(
    'WARNING',
    'listener',
    'A TLS or WebSocket handshake took too long; the connection was closed.',
    'listener step address repeats withinMs',
  ),
  'listener.tls.failed': row(
    'WARNING',
    'listener',
    'A TLS handshake failed; DEBUG when the peer just left.',
    'listener reason address repeats withinMs',
  ),
  'listener.certificate.refused': row(
    'WARNING',
    'listener',
    'The certificate of a client was refused.',
    'listener reason address repeats withinMs',
  ),
  'listener.tls.certificate': row(
    'WARNING',
    'listener',
    'Something is wrong with the certificate of the listener, or will be soon.',
    'listener reason',
  ),
  'listener.tls.reload.failed': row(
    'ERROR',
    'listener',
    'New certificate files are not fit; the listener goes on with those it has.',
    'listener reason',
  ),
  'listener.tls.reloaded': row(
    'INFO',
    'listener',
    'Certificate and key were read again; new connections use them.',
    'listener validTo',
  ),
  'listener.websocket.refused': row(
    'WARNING',
    'listener',
    'A WebSocket request was refused.',
    'listener status reason address repeats withinMs',
  ),
  'listener.proxy.unclear': row(
    'INFO',
    'listener',
    'Requests come through a proxy that is not listed, so its clients count as public.',
    'listener proxy reason repeats withinMs',
  ),
  'client.connected': row(
    'INFO',
    'client',
    'A client was accepted. A client without a user name is `None` in the sentence.',
    `${client} transport protocol keepAlive cleanStart sessionPresent sessionExpiry encryption`,
    { seedLine: 'Client connected: <client_id>, Username: <username>' },
  ),
  'client.disconnected': row(
    'INFO',
    'client',
    'A Network Connection ended. WARNING (folded) for protocol-error, queue-full and not-authorized, ERROR for internal-error.',
    `${client} cause reason connectedMs detail`,
    {
      folded: true,
      seedLine: 'Client disconnected: <client_id>, Username: <username>, <cause> after <seconds> s',
    },
  ),
  'connection.refused': row(
    'WARNING',
    'client',
    'A CONNECT, or what came instead of one, was refused. The message says why and names the setting. INFO while the broker stops.',
    `${client} transport cause reason`,
    { folded: true },
  ),
  'session.started': row('DEBUG', 'session', 'A new Session began.', 'client'),
  'session.ended': row(
    'DEBUG',
    'session',
    'A Session ended; INFO when messages that waited in it were discarded.',
    'client cause discarded',
  ),
  'client.subscribed': row(
    'DEBUG',
    'subscription',
    'A subscription was made or replaced.',
    `${client} filter qos`,
  ),
  'client.unsubscribed': row(
    'DEBUG',
    'subscription',
    'A subscription was removed.',
    `${client} filter qos`,
  ),
  'acl.subscribe.denied': row(
    'WARNING',
    'acl',
    'A subscription was refused.',
    'client user ip filter rule reason',
    { folded: true },
  ),
  'acl.publish.denied': row(
    'WARNING',
    'acl',
    'A client may not publish on this topic.',
    'client topic rule reason',
    { folded: true },
  ),
  'acl.delivery.denied': row(
    'WARNING',
    'acl',
    'A receiver may not read this topic; the others got the message.',
    'client publisher topic rule',
    { folded: true },
  ),
  'message.dropped': row(
    'WARNING',
    'message',
    'A message, or the copy for one receiver, went no further. INFO for what a client asked for itself: expired, offline-qos0, session-ended.',
    'cause client publisher topic qos bytes rule reason',
    { folded: true },
  ),
  'message.published': row(
    'DEBUG',
    'message',
    'An Application Message was accepted.',
    'client user topic qos retain bytes receivers',
  ),
  'message.delivered': row(
    'DEBUG',
    'message',
    'One copy was handed to a connected receiver.',
    'client publisher topic qos bytes',
  ),
  'will.published': row(
    'DEBUG',
    'message',
    'A Will Message was published.',
    'client user topic qos retain bytes',
  ),
  'retained.set': row('DEBUG', 'message', 'A Retained Message was set.', 'topic'),
  'retained.removed': row('DEBUG', 'message', 'A Retained Message was removed.', 'topic'),
  ...storageEvents,
  'serial.port.open': row('INFO', 'serial', 'A port is open.', 'port'),
  'serial.port.heard': row('INFO', 'serial', 'A silent port speaks again.', 'port'),
  'serial.port.waiting': row(
    'INFO',
    'serial',
    'A port is not there; it is opened as soon as it appears.',
    'port',
  ),
  'serial.port.closed': row('WARNING', 'serial', 'An open port was lost.', 'port'),
  'serial.port.stale': row(
    'WARNING',
    'serial',
    'A port is open and has sent no valid line for too long.',
    'port',
  ),
  'serial.port.error': row('ERROR', 'serial', 'A port is there and cannot be opened.', 'port'),
  'serial.port.shared': row('WARNING', 'serial', 'Another program has the port open too.', 'port'),
  'serial.port.baud': row(
    'WARNING',
    'serial',
    'Much of what comes is no text: the baud rate may be wrong.',
    'port baud',
  ),
  'serial.port.warning': row(
    'WARNING',
    'serial',
    'Something about a port that does not stop it.',
    'port',
  ),
  'serial.driver.fallback': row(
    'WARNING',
    'serial',
    'The usual driver cannot be used; another one is.',
    'port',
  ),
  'serial.line.refused': row('WARNING', 'serial', 'A line was no valid reading.', 'port reason'),
  'serial.log_line': row(
    'INFO',
    'serial',
    'A line of the device that is no reading, such as its boot messages. The level is a setting.',
    'port line',
  ),
  'serial.publish.refused': row(
    'WARNING',
    'serial',
    'The broker refused a message made from a line.',
    'port',
  ),
  'serial.queue.dropped': row(
    'WARNING',
    'serial',
    'Lines come faster than they are taken; the oldest are dropped.',
    'port',
  ),
  'serial.subscribe.refused': row(
    'WARNING',
    'serial',
    'The topics for writing to the port could not be subscribed.',
    'port',
  ),
  'serial.write.refused': row(
    'WARNING',
    'serial',
    'What was to be written to a port was refused.',
    'port',
  ),
  'serial.write.failed': row('WARNING', 'serial', 'Writing to a port failed.', 'port'),
  'log.level.changed': row(
    'INFO',
    'log',
    'A level was changed while running. `for` is a module, a client, a sink or everything.',
    'for to',
  ),
  'log.file.failed': row(
    'ERROR',
    'log',
    'The log file cannot be written; logging goes on without it. Goes to the console only.',
    'file error',
  ),
  'log.file.recovered': row(
    'WARNING',
    'log',
    'The log file can be written again; `lost` lines are missing in it.',
    'file lost',
  ),
  'log.lines.skipped': row(
    'WARNING',
    'log',
    'The console was too slow; so many lines are missing there. Goes to the console only.',
    'lost',
  ),
};

/** The sentence of an event that always has the same one. */
export function fixedMessage(event: string): string | undefined {
  const line = events[event]?.seedLine;
  return line?.includes('<') === false ? line : undefined;
}
