import type { NameNode } from './name-node.ts';

const DOLLAR = 0x24;

/**
 * A walk over the names of a NameTrie that match one filter, in bounded steps.
 *
 * A name that has a value from the beginning of the walk to its end is returned exactly once, with the
 * value it has at that moment; a name that was deleted is not returned from then on; a name set
 * meanwhile may be returned or not, at most once.
 */
export class NameWalk<T> {
  readonly #levels: readonly string[];
  /** Levels of the filter before its `#`, or all of them. */
  readonly #levelsBeforeHash: number;
  readonly #hasHash: boolean;
  /** [MQTT-4.7.2-1] */
  readonly #hidesDollar: boolean;
  #node: NameNode<T> | undefined;
  /** Level of `#node`; 0 is the root, which no name ends at. */
  #depth = 0;
  /** Whether `#node` is still to be looked at, or done with and to be left. */
  #isEntering = true;

  constructor(root: NameNode<T>, topicFilter: string) {
    this.#levels = topicFilter.split('/');
    this.#hasHash = this.#levels.at(-1) === '#';
    this.#levelsBeforeHash = this.#levels.length - (this.#hasHash ? 1 : 0);
    this.#hidesDollar = this.#levels[0] === '#' || this.#levels[0] === '+';
    this.#node = root;
  }

  /** Whether the walk is over. */
  get done(): boolean {
    return this.#node === undefined;
  }

  /**
   * Goes on for at most `limit` nodes, 1 or more, whether they hold a value or not, and returns the
   * values found among them. An empty array does not mean the end: see `done`.
   */
  next(limit: number): T[] {
    const found: T[] = [];
    let left = limit;
    while (left > 0 && this.#node !== undefined) {
      if (this.#depth > this.#levelsBeforeHash) {
        left = this.#stepsBelowHash(this.#node, left, found);
      } else {
        this.#step(this.#node, found);
        left--;
      }
    }
    return found;
  }

  #step(at: NameNode<T>, found: T[]): void {
    let node = at;
    if (this.#isEntering) {
      const child = this.#enter(node, found);
      if (child === undefined) this.#isEntering = false;
      else this.#depth++;
      node = child ?? node;
    }
    this.#node = this.#isEntering ? node : this.#leave(node);
  }

  /**
   * As many steps, until the walk is back where the `#` begins. All nodes below match, so little is asked of
   * each; most of what walks find is found here. @returns how many steps are left
   */
  #stepsBelowHash(at: NameNode<T>, limit: number, found: T[]): number {
    let node = at;
    let depth = this.#depth;
    let isEntering = this.#isEntering;
    let left = limit;
    while (left > 0 && depth > this.#levelsBeforeHash) {
      left--;
      if (isEntering && !(depth === 1 && this.#isHidden(node))) {
        if (node.topicName !== undefined) found.push(node.value as T);
        if (node.firstChild !== undefined) {
          node = node.firstChild;
          depth++;
          continue;
        }
      }
      isEntering = node.next !== undefined;
      if (!isEntering) depth--;
      node = (node.next ?? node.parent) as NameNode<T>;
    }
    this.#node = node;
    this.#depth = depth;
    this.#isEntering = isEntering;
    return left;
  }

  #isHidden(node: NameNode<T>): boolean {
    return this.#hidesDollar && node.level.charCodeAt(0) === DOLLAR;
  }

  /** Collects the node's value and returns the child to go down to. */
  #enter(node: NameNode<T>, found: T[]): NameNode<T> | undefined {
    const depth = this.#depth;
    if (depth === 1 && this.#isHidden(node)) return undefined;
    const isWhole = this.#hasHash
      ? depth >= this.#levelsBeforeHash
      : depth === this.#levelsBeforeHash;
    if (isWhole && node.topicName !== undefined) found.push(node.value as T);
    if (this.#isWildcard(depth)) return node.firstChild;
    return isWhole ? undefined : node.child(this.#levels[depth] as string);
  }

  /** Where to go after the node and all below it: to the next sibling, or up. */
  #leave(node: NameNode<T>): NameNode<T> | undefined {
    if (this.#depth === 0) return undefined;
    if (node.next !== undefined && this.#isWildcard(this.#depth - 1)) {
      this.#isEntering = true;
      return node.next;
    }
    this.#depth--;
    return node.parent;
  }

  /** Whether the filter takes any child of a node at this depth. */
  #isWildcard(depth: number): boolean {
    if (depth >= this.#levelsBeforeHash) return this.#hasHash;
    return this.#levels[depth] === '+';
  }
}
