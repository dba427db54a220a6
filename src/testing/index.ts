/** The test kit: a broker without port and clock, and clients that speak bare packets. */
export { TestBroker, type TestBrokerOptions } from './test-broker.ts';
export { TestClient } from './test-client.ts';
export { VirtualRuntime } from './virtual-runtime.ts';
