/** Comments that wait for a lane at most, and for how long at most, in milliseconds. */
const WAITING_MAX = 60;
const WAIT_MS_MAX = 1_500;

interface Waiting<Item> {
  readonly item: Item;
  readonly sinceMs: number;
  isOwn: boolean;
}

/**
 * Comments that wait for a lane on the scene. There may come far more than fit: those that waited
 * too long, and the oldest of too many, are shed and counted. One's own are not.
 */
export class StageQueue<Item> {
  #waiting: Waiting<Item>[] = [];
  #shed = 0;

  /** How many were not shown, since the page was opened. */
  get shed(): number {
    return this.#shed;
  }

  offer(item: Item, nowMs: number, isOwn = false): void {
    this.#waiting.push({ item, sinceMs: nowMs, isOwn });
    if (this.#waiting.length > WAITING_MAX) {
      const oldest = this.#waiting.findIndex(({ isOwn }) => !isOwn);
      this.#waiting.splice(Math.max(0, oldest), 1);
      this.#shed++;
    }
  }

  /** One that waits turns out to be one's own. */
  claim(isIt: (item: Item) => boolean): void {
    for (const waiting of this.#waiting) waiting.isOwn ||= isIt(waiting.item);
  }

  /**
   * Gives every comment that waits to `place`, one's own first.
   *
   * @param place Says whether the comment has a lane now.
   */
  take(nowMs: number, place: (item: Item, isOwn: boolean) => boolean): void {
    const rest: Waiting<Item>[] = [];
    const inTurn = this.#waiting.some(({ isOwn }) => isOwn)
      ? this.#waiting.toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn))
      : this.#waiting;
    for (const waiting of inTurn) {
      if (place(waiting.item, waiting.isOwn)) continue;
      if (waiting.isOwn || nowMs - waiting.sinceMs < WAIT_MS_MAX) rest.push(waiting);
      else this.#shed++;
    }
    this.#waiting = rest;
  }

  /** Forgets those that wait, for the scene is at another place: they are not counted as shed. */
  clear(): void {
    this.#waiting = [];
  }
}
