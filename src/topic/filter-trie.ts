/**
 * Topic Filters with the values stored under them (subscriptions), asked by Topic Name.
 *
 * One node per level. A match goes through the name level by level with the set of nodes that fit so
 * far, at first the root: each node of the set adds its literal child and its `+` child to the next set.
 * Every node has one path only, so none is reached twice, and a match never costs more than the nodes
 * stored, whatever filters an adversary piles up. The sets are two arrays kept between matches, a level
 * is cut out of the name only where a node with several children is in the set, and no function calls
 * itself, so the number of levels is bounded by memory only.
 *
 * `#` is no node but a second slot for values. Children are nothing, one node, or a Map; values are
 * nothing, one value, or a bag: most filters have one subscriber and most nodes one child.
 *
 * Rejected: a cache of results in here (the caller knows when it goes stale), regular expressions, and
 * joining levels of single-child chains into one node (less memory for deep filters, but every change
 * splits and joins nodes).
 *
 * Hot file: bench/topic-match.ts.
 */
import { ownCopy } from './own-copy.ts';
import { ValueBag } from './value-bag.ts';

const nothing: unique symbol = Symbol('nothing');
type Slot<T> = T | ValueBag<T> | typeof nothing;

const DOLLAR = 0x24;

class FilterNode<T> {
  readonly level: string;
  /** Literal children; `+` has its own place. */
  children: undefined | FilterNode<T> | Map<string, FilterNode<T>> = undefined;
  plus: FilterNode<T> | undefined = undefined;
  /** Values of the filter that ends with this level. */
  own: Slot<T> = nothing;
  /** Values of the filter that goes on with `#`. */
  hash: Slot<T> = nothing;

  constructor(level: string) {
    this.level = level;
  }
}

export class FilterTrie<T> {
  readonly #root: FilterNode<T> = new FilterNode<T>('');
  #current: FilterNode<T>[] = [];
  #next: FilterNode<T>[] = [];
  #filters = 0;
  #values = 0;
  #nodes = 0;
  #visited = 0;

  /** Different Topic Filters that have a value. */
  get filters(): number {
    return this.#filters;
  }

  /** Values under all filters together. */
  get values(): number {
    return this.#values;
  }

  /** Nodes held, without the root. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Nodes that all calls of `match` together have looked at, without the root. */
  get visited(): number {
    return this.#visited;
  }

  /** Stores `value` under a valid Topic Filter. A value that is there already is not stored again. */
  add(topicFilter: string, value: T): void {
    let node = this.#root;
    let start = 0;
    for (;;) {
      const slash = topicFilter.indexOf('/', start);
      const level = topicFilter.slice(start, slash < 0 ? undefined : slash);
      if (level === '#') {
        node.hash = this.#put(node.hash, value);
        return;
      }
      node = childOf(node, level) ?? this.#addChild(node, level);
      if (slash < 0) {
        node.own = this.#put(node.own, value);
        return;
      }
      start = slash + 1;
    }
  }

  /** Takes `value` away from the filter; false where it is not there. */
  remove(topicFilter: string, value: T): boolean {
    let node = this.#root;
    // The lowest node on the path that something else needs, and the level below it: where to cut.
    let keeper = node;
    let cut = '';
    let nodesBelow = 0;
    let start = 0;
    for (;;) {
      const slash = topicFilter.indexOf('/', start);
      const level = topicFilter.slice(start, slash < 0 ? undefined : slash);
      if (level === '#') {
        const rest = this.#take(node.hash, value);
        if (rest === undefined) return false;
        node.hash = rest;
        break;
      }
      const child = childOf(node, level);
      if (child === undefined) return false;
      if (node === this.#root || isNeededBeside(node)) {
        keeper = node;
        cut = level;
        nodesBelow = 0;
      }
      nodesBelow++;
      node = child;
      if (slash < 0) {
        const rest = this.#take(node.own, value);
        if (rest === undefined) return false;
        node.own = rest;
        break;
      }
      start = slash + 1;
    }
    if (node !== this.#root && isEmpty(node)) {
      cutChild(keeper, cut);
      this.#nodes -= nodesBelow;
    }
    return true;
  }

  /** A value that is stored under exactly this filter, or undefined where there is none. */
  firstOf(topicFilter: string): T | undefined {
    let node: FilterNode<T> | undefined = this.#root;
    let start = 0;
    for (;;) {
      const slash = topicFilter.indexOf('/', start);
      const level = topicFilter.slice(start, slash < 0 ? undefined : slash);
      if (level === '#') return firstIn(node.hash);
      node = childOf(node, level);
      if (node === undefined) return undefined;
      if (slash < 0) return firstIn(node.own);
      start = slash + 1;
    }
  }

  /**
   * Appends the values of all filters that match a valid Topic Name. A value stored under two of them is
   * appended twice.
   */
  match(topicName: string, into: T[]): void {
    const root = this.#root;
    // Names with `$` are hidden from wildcards at the first level [MQTT-4.7.2-1].
    const isHidden = topicName.charCodeAt(0) === DOLLAR;
    if (!isHidden) append(root.hash, into);
    let current = this.#current;
    let next = this.#next;
    let start = 0;
    let slash = topicName.indexOf('/');
    let end = slash < 0 ? topicName.length : slash;
    let level: string | undefined;
    let count = 0;
    const first = literalChild(root, topicName, 0, end);
    if (first !== undefined) current[count++] = first;
    if (root.plus !== undefined && !isHidden) current[count++] = root.plus;
    while (slash >= 0 && count > 0) {
      this.#visited += count;
      start = slash + 1;
      slash = topicName.indexOf('/', start);
      end = slash < 0 ? topicName.length : slash;
      level = undefined;
      let nextCount = 0;
      for (let i = 0; i < count; i++) {
        const node = current[i] as FilterNode<T>;
        if (node.hash !== nothing) append(node.hash, into);
        if (node.plus !== undefined) next[nextCount++] = node.plus;
        const children = node.children;
        if (children === undefined) continue;
        if (children instanceof FilterNode) {
          if (isLevel(children.level, topicName, start, end)) next[nextCount++] = children;
        } else {
          level ??= topicName.slice(start, end);
          const child = children.get(level);
          if (child !== undefined) next[nextCount++] = child;
        }
      }
      const swapped = current;
      current = next;
      next = swapped;
      count = nextCount;
    }
    this.#visited += count;
    for (let i = 0; i < count; i++) {
      const node = current[i] as FilterNode<T>;
      append(node.own, into);
      // `a/#` matches `a`.
      append(node.hash, into);
    }
    this.#forget();
  }

  /** The sets must not keep alive what was removed meanwhile; small ones are not worth the work. */
  #forget(): void {
    if (this.#current.length > SET_KEPT_MAX) this.#current = [];
    if (this.#next.length > SET_KEPT_MAX) this.#next = [];
  }

  #addChild(node: FilterNode<T>, level: string): FilterNode<T> {
    const child = new FilterNode<T>(level === '+' ? '+' : ownCopy(level));
    this.#nodes++;
    if (level === '+') {
      node.plus = child;
    } else if (node.children === undefined) {
      node.children = child;
    } else if (node.children instanceof FilterNode) {
      node.children = new Map([
        [node.children.level, node.children],
        [child.level, child],
      ]);
    } else {
      node.children.set(child.level, child);
    }
    return child;
  }

  #put(slot: Slot<T>, value: T): Slot<T> {
    if (slot === nothing) {
      this.#filters++;
      this.#values++;
      return value;
    }
    if (isBag(slot)) {
      if (slot.add(value)) this.#values++;
      return slot;
    }
    if (slot === value) return slot;
    this.#values++;
    return new ValueBag(slot, value);
  }

  /** What is left in the slot, or undefined where the value was not in it. */
  #take(slot: Slot<T>, value: T): Slot<T> | undefined {
    if (slot === nothing) return undefined;
    if (isBag(slot)) {
      if (!slot.remove(value)) return undefined;
      this.#values--;
      return slot.size === 1 ? slot.first : slot;
    }
    if (slot !== value) return undefined;
    this.#values--;
    this.#filters--;
    return nothing;
  }
}

/** A set that grew beyond this many nodes is given up after the match. */
const SET_KEPT_MAX = 256;

function isBag<T>(slot: Slot<T>): slot is ValueBag<T> {
  return slot instanceof ValueBag;
}

function firstIn<T>(slot: Slot<T>): T | undefined {
  if (slot === nothing) return undefined;
  return isBag(slot) ? slot.first : slot;
}

function append<T>(slot: Slot<T>, into: T[]): void {
  if (slot === nothing) return;
  if (isBag(slot)) slot.appendTo(into);
  else into.push(slot);
}

function isLevel(level: string, topicName: string, start: number, end: number): boolean {
  return level.length === end - start && topicName.startsWith(level, start);
}

function literalChild<T>(
  node: FilterNode<T>,
  topicName: string,
  start: number,
  end: number,
): FilterNode<T> | undefined {
  const children = node.children;
  if (children === undefined) return undefined;
  if (!(children instanceof FilterNode)) return children.get(topicName.slice(start, end));
  return isLevel(children.level, topicName, start, end) ? children : undefined;
}

function childOf<T>(node: FilterNode<T>, level: string): FilterNode<T> | undefined {
  if (level === '+') return node.plus;
  const children = node.children;
  if (children === undefined) return undefined;
  if (!(children instanceof FilterNode)) return children.get(level);
  return children.level === level ? children : undefined;
}

function isEmpty<T>(node: FilterNode<T>): boolean {
  return (
    node.own === nothing &&
    node.hash === nothing &&
    node.plus === undefined &&
    node.children === undefined
  );
}

/** Whether the node, which has a child, must stay when that child goes. */
function isNeededBeside<T>(node: FilterNode<T>): boolean {
  return (
    node.own !== nothing ||
    node.hash !== nothing ||
    node.children instanceof Map ||
    (node.plus !== undefined && node.children !== undefined)
  );
}

function cutChild<T>(node: FilterNode<T>, level: string): void {
  if (level === '+') {
    node.plus = undefined;
  } else if (node.children instanceof Map) {
    node.children.delete(level);
    if (node.children.size === 1) {
      for (const only of node.children.values()) node.children = only;
    }
  } else {
    node.children = undefined;
  }
}
