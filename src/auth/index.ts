/** Implementations of the deciding hooks. */
export { createDefaultAccess, type DefaultAccessOptions } from './default-access.ts';
