/**
 * The statistics object: the broker's numbers for programs, in the shape that programs already read
 * (`broker`, `session` and `topics` with their snake_case names), and further ones. The same counters and
 * gauges as the `$SYS` tree. One table describes every field; the reference page is made from it.
 */
import type { Counters, Gauges } from '../broker/index.ts';

export interface Statistics {
  readonly broker: {
    readonly running: boolean;
    readonly mqtt_server_active: boolean;
    readonly version: string;
    readonly uptime_seconds: number;
  };
  readonly session: {
    readonly total_clients: number;
    readonly connected_clients: number;
    readonly disconnected_clients: number;
    readonly maximum_connected_clients: number;
    readonly expired_clients: number;
    readonly total_subscriptions: number;
    readonly shared_subscriptions: number;
    readonly queued_messages: number;
    readonly queued_bytes: number;
    readonly inflight_messages: number;
  };
  readonly topics: {
    readonly total_topics: number;
    readonly total_subscribers: number;
    readonly total_retained_messages: number;
    readonly retained_bytes: number;
  };
  readonly messages: {
    readonly received: number;
    readonly sent: number;
    readonly dropped: number;
    readonly dropped_by_cause: Readonly<Record<string, number>>;
    readonly bytes_received: number;
    readonly bytes_sent: number;
  };
  readonly network: {
    readonly packets_received: number;
    readonly packets_sent: number;
    readonly bytes_received: number;
    readonly bytes_sent: number;
    readonly connections_accepted: number;
    readonly connections_refused: number;
    readonly refused_by_cause: Readonly<Record<string, number>>;
    readonly disconnects: number;
    readonly protocol_errors: number;
    readonly receive_maximum_exceeded: number;
  };
}

/** What the broker's counters do not know. */
export interface RunningState {
  readonly running: boolean;
  /** A listener accepts MQTT connections. */
  readonly mqttServerActive: boolean;
  readonly version: string;
  /** 0 while the broker is not running. */
  readonly uptimeMs: number;
}

export function statistics(counters: Counters, gauges: Gauges, state: RunningState): Statistics {
  return {
    broker: {
      running: state.running,
      mqtt_server_active: state.mqttServerActive,
      version: state.version,
      uptime_seconds: Math.floor(state.uptimeMs / 1000),
    },
    session: {
      total_clients: gauges.sessions,
      connected_clients: gauges.clientsConnected,
      disconnected_clients: gauges.sessionsDisconnected,
      maximum_connected_clients: gauges.clientsMaximum,
      expired_clients: counters.sessionsExpired,
      total_subscriptions: gauges.subscriptions,
      shared_subscriptions: gauges.sharedSubscriptions,
      queued_messages: gauges.queuedMessages,
      queued_bytes: gauges.queuedBytes,
      inflight_messages: gauges.inflightMessages,
    },
    topics: {
      total_topics: gauges.topics,
      total_subscribers: gauges.subscriptions,
      total_retained_messages: gauges.retainedMessages,
      retained_bytes: gauges.retainedBytes,
    },
    messages: {
      received: counters.publishReceived,
      sent: counters.publishSent,
      dropped: counters.publishDropped,
      dropped_by_cause: { ...counters.droppedByCause },
      bytes_received: counters.publishBytesReceived,
      bytes_sent: counters.publishBytesSent,
    },
    network: {
      packets_received: counters.packetsReceived,
      packets_sent: counters.packetsSent,
      bytes_received: counters.bytesReceived,
      bytes_sent: counters.bytesSent,
      connections_accepted: counters.connectionsAccepted,
      connections_refused: counters.connectionsRefused,
      refused_by_cause: { ...counters.refusedByCause },
      disconnects: counters.disconnects,
      protocol_errors: counters.protocolErrors,
      receive_maximum_exceeded: counters.receiveMaximumExceeded,
    },
  };
}

/** What each field means, by its path. */
export const statisticsFields: Readonly<Record<string, string>> = {
  'broker.running': 'Whether the broker is started.',
  'broker.mqtt_server_active': 'Whether a listener accepts MQTT connections.',
  'broker.version': 'Version of linnet.',
  'broker.uptime_seconds': 'Whole seconds since the start; 0 while stopped.',
  'session.total_clients': 'Sessions, connected or not.',
  'session.connected_clients': 'Clients connected now.',
  'session.disconnected_clients': 'Sessions whose client is not connected.',
  'session.maximum_connected_clients': 'Most clients ever connected at the same time.',
  'session.expired_clients': 'Sessions that ended because their expiry interval was over.',
  'session.total_subscriptions': 'Subscriptions of all Sessions, shared ones too.',
  'session.shared_subscriptions': 'Shared Subscriptions among them.',
  'session.queued_messages': 'Messages waiting for clients.',
  'session.queued_bytes': 'Payload bytes of these.',
  'session.inflight_messages': 'QoS 1 and 2 messages sent and not yet acknowledged.',
  'topics.total_topics': 'Topic Names with a Retained Message or a subscription without wildcard.',
  'topics.total_subscribers':
    'Receivers registered under all topics: the same as the subscriptions.',
  'topics.total_retained_messages': 'Retained Messages.',
  'topics.retained_bytes': 'Payload bytes of these.',
  'messages.received': 'PUBLISH packets received.',
  'messages.sent': 'PUBLISH packets sent.',
  'messages.dropped': 'Messages, or copies for one receiver, that went no further.',
  'messages.dropped_by_cause': 'The same by cause; only causes that occurred.',
  'messages.bytes_received': 'Payload bytes received.',
  'messages.bytes_sent': 'Payload bytes sent.',
  'network.packets_received': 'Control Packets of every type received.',
  'network.packets_sent': 'Control Packets of every type sent.',
  'network.bytes_received': 'Bytes received.',
  'network.bytes_sent': 'Bytes sent.',
  'network.connections_accepted': 'Network Connections taken, those refused later too.',
  'network.connections_refused': 'Connections refused.',
  'network.refused_by_cause': 'The same by cause; only causes that occurred.',
  'network.disconnects': 'Network Connections of clients that ended.',
  'network.protocol_errors': 'Connections that ended because the peer broke the protocol.',
  'network.receive_maximum_exceeded':
    'PUBLISH packets above the Receive Maximum on listeners that only warn.',
};
