/** A queue: grows at the end, is taken from the front, and any place in it can be looked at. */
export class Fifo<Item> {
  /** From `#start` on: taking from the front of an array moves all the rest. */
  #items: Item[] = [];
  #start = 0;

  get length(): number {
    return this.#items.length - this.#start;
  }

  get last(): Item | undefined {
    return this.length === 0 ? undefined : this.#items.at(-1);
  }

  /** @param index Of the oldest, 0. */
  at(index: number): Item {
    return this.#items[this.#start + index];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  /** Takes the oldest; there must be one. */
  shift(): Item {
    const item = this.#items[this.#start++];
    // Each item moves at most once on average.
    if (this.#start * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#start);
      this.#start = 0;
    }
    return item;
  }
}
