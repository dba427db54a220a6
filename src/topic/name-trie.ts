/**
 * Topic Names with one value each (Retained Messages), asked by Topic Filter: the filter tree turned
 * around. A filter such as `#` can match a million names, so asking is a walk in steps, with the tree
 * changing between them.
 *
 * The children of a node are a linked list, with a Map beside it once there are many. New nodes go to
 * the head, and a node that was taken out keeps its links. That alone makes a walk stand any change:
 * from wherever it stands, following `next` and `parent` leads through all that was there when it came
 * and is still there, once, and never to what came later at its back, so it ends however fast names are
 * added. A node is taken out only when it is empty and is never put back, so a walk that stands on one
 * finds nothing in it.
 *
 * Rejected: iterators of Map (they see what is deleted and added again, without end), a copy of the
 * matching names (memory for a million), telling running walks about each change (every delete would pay).
 */
import { NameNode } from './name-node.ts';
import { NameWalk } from './name-walk.ts';

export class NameTrie<T> {
  readonly #root: NameNode<T> = new NameNode<T>('', undefined);
  #size = 0;
  #nodes = 0;

  /** Names that have a value. */
  get size(): number {
    return this.#size;
  }

  /** Nodes held, without the root. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Stores the value of a valid Topic Name, in place of the one it had. */
  set(topicName: string, value: T): void {
    let node = this.#root;
    let start = 0;
    while (start <= topicName.length) {
      const slash = topicName.indexOf('/', start);
      const end = slash < 0 ? topicName.length : slash;
      const level = topicName.slice(start, end);
      const child = node.child(level);
      if (child === undefined) {
        node = node.addChild(level);
        this.#nodes++;
      } else {
        node = child;
      }
      start = end + 1;
    }
    if (node.topicName === undefined) {
      this.#size++;
      node.topicName = topicName;
    }
    node.value = value;
  }

  get(topicName: string): T | undefined {
    return this.#find(topicName)?.value;
  }

  /** False where the name has no value. */
  delete(topicName: string): boolean {
    let node = this.#find(topicName);
    if (node === undefined || node.topicName === undefined) return false;
    node.topicName = undefined;
    node.value = undefined;
    this.#size--;
    while (node.parent !== undefined && node.isEmpty) {
      const parent: NameNode<T> = node.parent;
      parent.removeChild(node);
      this.#nodes--;
      node = parent;
    }
    return true;
  }

  /** A walk over the names that a valid Topic Filter matches. Costs nothing until its first step. */
  walk(topicFilter: string): NameWalk<T> {
    return new NameWalk(this.#root, topicFilter);
  }

  /** All names with their values, one by one. Names may be set and deleted meanwhile, as in a walk. */
  *entries(): Generator<[string, T], void, void> {
    let node: NameNode<T> | undefined = this.#root;
    while (node !== undefined) {
      if (node.topicName !== undefined) yield [node.topicName, node.value as T];
      if (node.firstChild !== undefined) {
        node = node.firstChild;
        continue;
      }
      while (node !== undefined && node.next === undefined) node = node.parent;
      node = node?.next;
    }
  }

  #find(topicName: string): NameNode<T> | undefined {
    let node: NameNode<T> | undefined = this.#root;
    let start = 0;
    while (node !== undefined && start <= topicName.length) {
      const slash = topicName.indexOf('/', start);
      const end = slash < 0 ? topicName.length : slash;
      node = node.child(topicName.slice(start, end));
      start = end + 1;
    }
    return node;
  }
}
