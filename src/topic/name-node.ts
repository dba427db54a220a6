import { ownCopy } from './own-copy.ts';

/** Up to this many children are found by looking through the list, more by an index. */
const LISTED_CHILDREN_MAX = 8;

/** One level of the names in a NameTrie. */
export class NameNode<T> {
  readonly level: string;
  /** Kept when the node is taken out: a walk that stands here goes on from it. */
  readonly parent: NameNode<T> | undefined;
  /** The sibling that came before this one. Kept when the node is taken out. */
  next: NameNode<T> | undefined = undefined;
  previous: NameNode<T> | undefined = undefined;
  firstChild: NameNode<T> | undefined = undefined;
  #index: Map<string, NameNode<T>> | undefined = undefined;
  /** The name that ends here; undefined where none does, and then there is no value. */
  topicName: string | undefined = undefined;
  value: T | undefined = undefined;

  constructor(level: string, parent: NameNode<T> | undefined) {
    this.level = level;
    this.parent = parent;
  }

  get isEmpty(): boolean {
    return this.topicName === undefined && this.firstChild === undefined;
  }

  child(level: string): NameNode<T> | undefined {
    if (this.#index !== undefined) return this.#index.get(level);
    let child = this.firstChild;
    while (child !== undefined && child.level !== level) child = child.next;
    return child;
  }

  /** Makes a child for a level that has none, at the head of the list. */
  addChild(level: string): NameNode<T> {
    const child = new NameNode<T>(ownCopy(level), this);
    child.next = this.firstChild;
    if (child.next !== undefined) child.next.previous = child;
    this.firstChild = child;
    if (this.#index !== undefined) this.#index.set(child.level, child);
    else this.#indexIfMany();
    return child;
  }

  /** Takes out a child that is empty. */
  removeChild(child: NameNode<T>): void {
    if (child.previous === undefined) this.firstChild = child.next;
    else child.previous.next = child.next;
    if (child.next !== undefined) child.next.previous = child.previous;
    child.previous = undefined;
    if (this.#index === undefined) return;
    this.#index.delete(child.level);
    if (this.#index.size < LISTED_CHILDREN_MAX / 2) this.#index = undefined;
  }

  #indexIfMany(): void {
    let count = 0;
    for (let child = this.firstChild; child !== undefined; child = child.next) count++;
    if (count <= LISTED_CHILDREN_MAX) return;
    const index = new Map<string, NameNode<T>>();
    for (let child = this.firstChild; child !== undefined; child = child.next) {
      index.set(child.level, child);
    }
    this.#index = index;
  }
}
