/**
 * Lays the values of variables and flags over what the file says. Most go to one path. Those of the serial
 * port mean the only port there is: they change it, make it, and switch `serial` on; where the file lists
 * several ports nobody could say which one is meant.
 */
import { type ConfigIssue, issue } from './config-error.ts';
import type { Assignment } from './environment.ts';
import { putRaw, type RawMap, type RawScalar, rawAt } from './raw.ts';
import { pathParts } from './settings.ts';

const firstPort = 'serial.ports[0]';

export interface OverlayProblems {
  readonly issues: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
}

/** @param assignments lowest source first */
export function overlay(root: RawMap, assignments: readonly Assignment[]): OverlayProblems {
  const ofPort = new Map<string, RawScalar>();
  for (const { path, node } of assignments) {
    if (path.startsWith(`${firstPort}.`)) ofPort.set(path, node);
    else putRaw(root, pathParts(path), node);
  }
  if (ofPort.size === 0) return { issues: [], warnings: [] };
  const ports = rawAt(root, ['serial', 'ports']);
  const count = ports?.kind === 'list' ? ports.items.length : 0;
  if (count > 1) {
    const problem = `means the only serial port, but ${ports?.origin.name} lists ${count}; set it there`;
    return { issues: complaints(ofPort, 'conflict', problem), warnings: [] };
  }
  const device = ofPort.get(`${firstPort}.path`);
  if (count === 0 && device === undefined) {
    const problem = 'has no effect: no serial port is named (BROKER_SERIAL_PORT, --serial)';
    return { issues: [], warnings: complaints(ofPort, 'useless', problem) };
  }
  for (const [path, node] of ofPort) putRaw(root, pathParts(path), node);
  if (device === undefined) return { issues: [], warnings: [] };
  const port = rawAt(root, ['serial', 'ports', 0]);
  if (port?.kind === 'map') port.entries.delete('match');
  if (!assignments.some(({ path }) => path === 'serial.enabled')) {
    putRaw(root, ['serial', 'enabled'], { ...device, value: true, written: 'true' });
  }
  return { issues: [], warnings: [] };
}

function complaints(
  assignments: ReadonlyMap<string, RawScalar>,
  code: 'conflict' | 'useless',
  problem: string,
): readonly ConfigIssue[] {
  return [...assignments].map(([path, { origin }]) => issue({ code, path, origin, problem }));
}
