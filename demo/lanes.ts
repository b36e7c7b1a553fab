import type { Place } from "./comment.ts";

/** Pixels between two comments of one lane. */
const GAP = 24;

/** The last comment that was put into a lane. */
interface Occupant {
  readonly startMs: number;
  readonly width: number;
}

/** The size of the scene, and how long comments are on it. */
export interface LaneSizes {
  /** Pixels. */
  readonly width: number;
  /** How many lanes are above one another. */
  readonly count: number;
  /** How long a comment flies from edge to edge, whatever its length, and stands. */
  readonly rollMs: number;
  readonly standMs: number;
  /** Whether comments that would fly stand instead. */
  readonly isStill: boolean;
}

/**
 * Which lane a comment takes, such that no two ever touch. The upper and the lower fifth are for
 * comments that stand; those that fly have the rest. A comment whose place has no room gets none.
 */
export class Lanes {
  readonly #sizes: LaneSizes;
  readonly #last: (Occupant | undefined)[];
  readonly #standing: number;

  constructor(sizes: LaneSizes) {
    this.#sizes = sizes;
    this.#last = new Array(sizes.count);
    this.#standing = Math.max(1, Math.floor(sizes.count / 5));
  }

  /** Whether comments of this place stand still. */
  stands(place: Place): boolean {
    return this.#sizes.isStill || place !== "roll";
  }

  /**
   * Takes a lane, from 0 at the upper edge.
   *
   * @param width Of the comment, in pixels.
   * @param startMs When it begins; not before those that were put earlier.
   * @returns Undefined when every lane of its place has one in the way.
   */
  put(place: Place, width: number, startMs: number): number | undefined {
    const lane = this.#free(place, width, startMs);
    if (lane !== undefined) this.#last[lane] = { width, startMs };
    return lane;
  }

  /** Whether a comment of this place, however short, would get a lane. */
  hasRoom(place: Place, startMs: number): boolean {
    return this.#free(place, 0, startMs) !== undefined;
  }

  #free(place: Place, width: number, startMs: number): number | undefined {
    const { count } = this.#sizes;
    const standing = this.#standing;
    const [first, last, step] = place === "top"
      ? [0, standing - 1, 1]
      : place === "bottom"
      ? [count - 1, count - standing, -1]
      : [standing, Math.max(standing, count - standing - 1), 1];
    for (let lane = first; step > 0 ? lane <= last : lane >= last; lane += step) {
      if (this.#fits(place, this.#last[lane], width, startMs)) return lane;
    }
    return undefined;
  }

  #fits(place: Place, before: Occupant | undefined, width: number, startMs: number): boolean {
    if (before === undefined) return true;
    const { width: scene, rollMs, standMs } = this.#sizes;
    const apart = startMs - before.startMs;
    if (this.stands(place)) return apart >= standMs;
    // The one before has come in as a whole, and is gone before this one could catch up with it.
    const cameIn = (scene + before.width) * apart / rollMs >= before.width + GAP;
    const arrivesMs = rollMs * scene / (scene + width + GAP);
    return cameIn && apart + arrivesMs >= rollMs;
  }
}
