/** Which message stands at each offset of the rooms' logs, as those say that got them. */
export class MessageNumbers {
  /** By room and epoch. */
  readonly #numbers = new Map<number, Map<string, number[]>>();

  /**
   * A message has come.
   *
   * @returns The number of the message that has come at this offset first.
   */
  note(room: number, epoch: string, offset: number, number: number): number {
    let ofRoom = this.#numbers.get(room);
    if (ofRoom === undefined) this.#numbers.set(room, ofRoom = new Map());
    let numbers = ofRoom.get(epoch);
    if (numbers === undefined) ofRoom.set(epoch, numbers = []);
    return numbers[offset] ??= number;
  }

  /** The number of the message at an offset; undefined when nobody got it. */
  at(room: number, epoch: string, offset: number): number | undefined {
    return this.#numbers.get(room)?.get(epoch)?.[offset];
  }

  /** Rooms of which anything has come. */
  get rooms(): readonly number[] {
    return [...this.#numbers.keys()];
  }

  /** The epochs of a room: numbers by offset, with holes where nobody got anything. */
  epochsOf(room: number): ReadonlyMap<string, readonly number[]> {
    return this.#numbers.get(room) ?? new Map();
  }
}
