import { assert } from "../base/assert.ts";
import type { Clock } from "../base/clock.ts";

/** What {@linkcode Membership.index} is of members that are not live. */
export const Away = {
  /** It is a member no more. */
  over: -1,
  /** It is sent what it missed, behind its cursor. */
  behind: -2,
  /** It was too slow, and goes on with the latest when it can. */
  skipping: -3,
} as const;

/** A channel's place in one room; a channel may have several, each in another room. */
export class Membership<Channel> {
  /**
   * Offset of the last message of the room's log that it was sent; only kept while it is not live,
   * since who is live has what the room has.
   */
  cursor = 0;

  /**
   * @param index Place in the room's array while it is live, else one of {@linkcode Away}; kept by
   * the room.
   */
  constructor(readonly channel: Channel, readonly room: Room<Channel>, public index: number) {}
}

/**
 * Live memberships of a room in a dense array, from which one is taken by putting the last in its
 * place. Members that are behind in the room's log are only counted.
 *
 * While a walk is under way the array has three parts: `[0, next)` were visited, `[next, end)` are
 * still to be, and from `end` on are those who joined since. Whoever leaves makes a hole that the
 * last of its own part fills, and so on to the end, so that nobody changes parts.
 */
export class Room<Channel> {
  readonly #members: Membership<Channel>[] = [];
  #walking = false;
  #next = 0;
  #end = 0;
  #away = 0;
  /** Whether it is there before its first member and after its last: somebody else ends it. */
  isKept = false;

  constructor(readonly key: string) {}

  /** How many members there are. */
  get size(): number {
    return this.#members.length + this.#away;
  }

  /** Takes a channel in, live, which must not be a member already. */
  join(channel: Channel): Membership<Channel> {
    const membership = new Membership(channel, this, this.#members.length);
    this.#members.push(membership);
    return membership;
  }

  /** Ends a membership. */
  leave(membership: Membership<Channel>): void {
    const { index } = membership;
    if (index < Away.over) {
      assert(membership.room === this, "a member leaves the room that it is in");
      this.#away--;
    } else {
      this.#remove(membership);
    }
    membership.index = Away.over;
  }

  /** Takes a live member out of those that are walked. */
  suspend(membership: Membership<Channel>, as: typeof Away.behind | typeof Away.skipping): void {
    this.#remove(membership);
    this.#away++;
    membership.index = as;
  }

  /** Makes a member live that was not. A walk under way does not visit it. */
  resume(membership: Membership<Channel>): void {
    assert(membership.index < Away.over, "only a member that is away comes back");
    this.#away--;
    membership.index = this.#members.length;
    this.#members.push(membership);
  }

  #remove(membership: Membership<Channel>): void {
    let hole = membership.index;
    assert(this.#members[hole] === membership, "a member leaves the room that it is in");
    if (this.#walking) {
      if (hole < this.#next) hole = this.#fill(hole, --this.#next);
      if (hole < this.#end) hole = this.#fill(hole, --this.#end);
    }
    this.#fill(hole, this.#members.length - 1);
    this.#members.pop();
  }

  /**
   * Visits everyone who is a member now and still is when the turn comes, once each; members may
   * join and leave meanwhile, also from within `visit`. The event loop gets a turn after each slice,
   * so a room of up to one slice is visited before the call returns. A `visit` that throws does not
   * keep the others from theirs.
   *
   * @param clock Whose turns to wait for.
   * @param slice Members to visit before the event loop gets a turn.
   * @param visit What to do with each.
   * @param done Called at the end, with the first error that `visit` threw, if any.
   */
  walk(
    clock: Clock,
    slice: number,
    visit: (membership: Membership<Channel>) => void,
    done: (failure: unknown) => void,
  ): void {
    assert(!this.#walking, "a room has one walk at a time");
    assert(slice >= 1, "a slice has a member");
    this.#walking = true;
    this.#next = 0;
    this.#end = this.#members.length;
    let failure: unknown;
    const step = () => {
      for (let left = slice; left > 0 && this.#next < this.#end; left--) {
        const membership = this.#members[this.#next++];
        try {
          visit(membership);
        } catch (error) {
          failure ??= error;
        }
      }
      if (this.#next < this.#end) {
        clock.nextTurn(step);
        return;
      }
      this.#walking = false;
      done(failure);
    };
    step();
  }

  /** Moves the member at `from` into the hole and returns the hole that this makes. */
  #fill(hole: number, from: number): number {
    // Who stands in a hole has moved or leaves, and is not to be touched any more.
    if (hole !== from) {
      const moved = this.#members[from];
      this.#members[hole] = moved;
      moved.index = hole;
    }
    return from;
  }
}
