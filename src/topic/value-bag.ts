/** From here on an index finds a value; below, looking through the list is faster and needs no memory. */
const INDEX_LENGTH_MIN = 32;

/** Up to here `concat` makes the array anew for each value: `push` would reserve room for sixteen more. */
const EXACT_LENGTH_MAX = 16;

/**
 * A set of values that is read as an array and changed at any size without reading it through: the last
 * value takes the place of the one that goes. So the order is not that of adding.
 */
export class ValueBag<T> {
  #list: T[];
  #index: Map<T, number> | undefined = undefined;

  constructor(first: T, second: T) {
    this.#list = [first, second];
  }

  get size(): number {
    return this.#list.length;
  }

  /** The only or first value. */
  get first(): T | undefined {
    return this.#list[0];
  }

  /** False where the value is there already. */
  add(value: T): boolean {
    const list = this.#list;
    if (this.#position(value) >= 0) return false;
    if (list.length < EXACT_LENGTH_MAX) {
      this.#list = list.concat([value]);
      return true;
    }
    this.#index?.set(value, list.length);
    list.push(value);
    if (list.length === INDEX_LENGTH_MIN) {
      this.#index = new Map(list.map((each, position) => [each, position]));
    }
    return true;
  }

  /** False where the value is not there. */
  remove(value: T): boolean {
    const list = this.#list;
    const position = this.#position(value);
    if (position < 0) return false;
    const moved = list.pop() as T;
    if (position < list.length) {
      list[position] = moved;
      this.#index?.set(moved, position);
    }
    this.#index?.delete(value);
    if (list.length < INDEX_LENGTH_MIN / 2) this.#index = undefined;
    return true;
  }

  appendTo(into: T[]): void {
    const list = this.#list;
    for (let i = 0; i < list.length; i++) into.push(list[i] as T);
  }

  #position(value: T): number {
    return this.#index === undefined ? this.#list.indexOf(value) : (this.#index.get(value) ?? -1);
  }
}
