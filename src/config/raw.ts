/**
 * Configuration before it is checked: a tree of what was written, each node with its origin. Files, objects,
 * variables and flags all become such trees; higher sources are laid over lower ones, and only the result
 * is checked. So a value knows its place however deep it lies, and a wrong one that something else
 * overrides harms nobody.
 */
import type { Origin } from './origin.ts';

export interface RawScalar {
  readonly kind: 'scalar';
  readonly value: unknown;
  /** The characters as written; what errors show, since a `${VARIABLE}` may hold a secret. */
  readonly written: string;
  readonly origin: Origin;
}

export interface RawList {
  readonly kind: 'list';
  readonly items: Raw[];
  readonly origin: Origin;
}

export interface RawMap {
  readonly kind: 'map';
  readonly entries: Map<string, RawEntry>;
  readonly origin: Origin;
}

export interface RawEntry {
  /** Where the key stands. */
  readonly keyOrigin: Origin;
  readonly node: Raw;
}

export type Raw = RawScalar | RawList | RawMap;

export function emptyMap(origin: Origin): RawMap {
  return { kind: 'map', entries: new Map(), origin };
}

export function rawText(text: string, origin: Origin): RawScalar {
  return { kind: 'scalar', value: text, written: text, origin };
}

/**
 * The node at a path, `['serial', 'ports', 0]`; undefined where nothing was written. A single value may
 * stand for a list, and is then each of its items.
 */
export function rawAt(root: Raw | undefined, path: readonly (string | number)[]): Raw | undefined {
  let node = root;
  for (const part of path) {
    if (node?.kind === 'map') node = node.entries.get(String(part))?.node;
    else if (node?.kind === 'list') node = node.items[Number(part)];
    else if (node?.kind !== 'scalar' || typeof part === 'string') return undefined;
  }
  return node;
}

/**
 * Puts a node at a path, making maps and lists on the way. What stands in the way with another shape is
 * replaced: the higher source wins.
 */
export function putRaw(root: RawMap, path: readonly (string | number)[], node: Raw): void {
  const [head, next] = path;
  if (head === undefined) return;
  if (next === undefined) {
    root.entries.set(String(head), { keyOrigin: node.origin, node });
    return;
  }
  const below = root.entries.get(String(head))?.node;
  if (typeof next === 'number') {
    const list =
      below?.kind === 'list' ? below : { kind: 'list' as const, items: [], origin: node.origin };
    const item = list.items[next];
    const map = item?.kind === 'map' ? item : emptyMap(node.origin);
    list.items[next] = map;
    if (list !== below) root.entries.set(String(head), { keyOrigin: node.origin, node: list });
    putRaw(map, path.slice(2), node);
    return;
  }
  const map = below?.kind === 'map' ? below : emptyMap(node.origin);
  if (map !== below) root.entries.set(String(head), { keyOrigin: node.origin, node: map });
  putRaw(map, path.slice(1), node);
}

/** Deeper than any setting; an object that contains itself ends here. */
const depthMax = 20;

/** A JavaScript value as a tree, all of it from one place. */
export function rawFromValue(value: unknown, origin: Origin, depth = 0): Raw {
  if (depth > depthMax) return { kind: 'scalar', value: null, written: '', origin };
  if (Array.isArray(value)) {
    const items = value.map((item: unknown) => rawFromValue(item, origin, depth + 1));
    return { kind: 'list', items, origin };
  }
  if (typeof value === 'object' && value !== null) {
    const map = emptyMap(origin);
    for (const [key, item] of Object.entries(value)) {
      if (item === undefined) continue;
      map.entries.set(key, { keyOrigin: origin, node: rawFromValue(item, origin, depth + 1) });
    }
    return map;
  }
  return { kind: 'scalar', value, written: String(value), origin };
}
