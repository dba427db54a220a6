/**
 * What the commands exit with: sysexits' numbers, which do not collide with the CONNACK codes that the
 * client commands use.
 */
export const ExitCode = {
  ok: 0,
  /** Denied, or a problem was found. */
  problem: 1,
  usage: 64,
  missingFile: 66,
  unavailable: 69,
  bug: 70,
  dataDir: 73,
  permission: 77,
  config: 78,
} as const;
