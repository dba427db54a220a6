import type { Io } from './io.ts';
import { nodeIo } from './node-io.ts';

const nothing = (): void => undefined;

/** The real disk for one who only looks: what would change it does nothing. */
export const readOnlyIo: Io = {
  ...nodeIo,
  makeDirectorySync: nothing,
  writeFileSync: () => {
    throw Object.assign(new Error('only looking'), { code: 'EROFS' });
  },
  truncateSync: nothing,
  syncSync: nothing,
  renameSync: nothing,
  unlinkSync: nothing,
  syncDirectorySync: nothing,
};
