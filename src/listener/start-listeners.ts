/** Opens listeners, all or none. */
import type { ListenerHost } from './acceptor.ts';
import { type Listener, SocketListener } from './listener.ts';
import type { ListenerOptions } from './options.ts';
import { loadTlsMaterial } from './tls-material.ts';

/** Throws a ListenError; then nothing was opened. */
export async function startListener(
  options: ListenerOptions,
  host: ListenerHost,
): Promise<Listener> {
  const listener = await prepare(options, host);
  await listener.open();
  return listener;
}

/**
 * Opens them in order. Throws the first ListenError after closing those that were open. All certificates
 * are read before the first address is taken.
 */
export async function startListeners(
  list: readonly ListenerOptions[],
  host: ListenerHost,
): Promise<readonly Listener[]> {
  const prepared: SocketListener[] = [];
  for (const options of list) prepared.push(await prepare(options, host));
  const opened: SocketListener[] = [];
  try {
    for (const listener of prepared) {
      await listener.open(leavesIpv4(listener.options, list));
      opened.push(listener);
    }
  } catch (error) {
    await Promise.all(opened.map((listener) => listener.close()));
    throw error;
  }
  return opened;
}

async function prepare(options: ListenerOptions, host: ListenerHost): Promise<SocketListener> {
  const { name, tls } = options;
  const material = tls === undefined ? undefined : await loadTlsMaterial(name, tls);
  return new SocketListener(options, host, material);
}

/** `[::]` takes IPv4 too unless `0.0.0.0` with the same port is a listener of its own. */
function leavesIpv4({ address }: ListenerOptions, list: readonly ListenerOptions[]): boolean {
  return (
    address.host === '::' &&
    address.port !== 0 &&
    list.some((other) => other.address.host === '0.0.0.0' && other.address.port === address.port)
  );
}
