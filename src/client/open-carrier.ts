import type { Carrier, CarrierEvents } from './carrier.ts';
import type { ResolvedConnectOptions } from './connect-options.ts';
import { openSocketCarrier } from './socket-carrier.ts';
import { openWebSocketCarrier } from './websocket-carrier.ts';

/** @throws {ClientError} `address`, when a TLS file cannot be read. */
export function openCarrier(options: ResolvedConnectOptions, events: CarrierEvents): Carrier {
  const { transport } = options.address;
  return transport === 'ws' || transport === 'wss'
    ? openWebSocketCarrier(options, events)
    : openSocketCarrier(options, events);
}
