interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Lets so many through at a time; the rest waits in the order in which it came. */
export class Semaphore {
  #waiting: Waiting[] = [];
  #free: number;

  /**
   * @param takenMax How many may have a turn at a time.
   * @param waitingMax How many may wait.
   */
  constructor(takenMax: number, private readonly waitingMax: number) {
    this.#free = takenMax;
  }

  /** Whether the next who comes has to wait. */
  get isFull(): boolean {
    return this.#free === 0;
  }

  /**
   * Waits for a turn, to be given back by {@linkcode release}.
   *
   * @throws {Error} When too many wait already.
   */
  async acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    if (this.#waiting.length >= this.waitingMax) {
      throw new Error(
        `Cannot wait for a turn: at most ${this.waitingMax} may wait, ` +
          `current value is ${this.#waiting.length}`,
      );
    }
    await new Promise<void>((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  /** Gives a turn back. */
  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free++;
    else next.resolve();
  }

  /** Fails all who wait. */
  end(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
  }
}
