import { randomBelow, seededPrng } from "../../base/prng.ts";
import { type JobOptions, PUSH_OVERHEAD_BYTES } from "../../job/options.ts";
import { roomDefaults, type RoomOptions } from "../../protocol/room_options.ts";
import type { LogPlan } from "../../sim/types.ts";

/** What kind of world one is: everything that is drawn once and holds for all of it. */
export interface Profile {
  /** What holds for its rooms. */
  readonly rooms: RoomOptions;
  /** Which clients keep their places in the logs of rooms. */
  readonly logs: LogPlan | undefined;
  /** How many of the latest messages they ask for where they have no place yet. */
  readonly last: number;
  /** Bytes of a push. */
  readonly size: number;
  /** How often a push that fails is sent again with its id. */
  readonly retries: number;
  /** Bytes of frames that a room has on a comet; as usual where nothing is said. */
  readonly ringMax?: number;
  /** What differs from the usual of jobs. */
  readonly job?: Partial<JobOptions>;
  /** Whether it ends with pushes that only the store and the jobs' lanes have. */
  readonly isQuiet?: boolean;
  /** Whether its messages come from clients that publish; from a back end otherwise. */
  readonly isUpstream?: boolean;
  /** The last offset of an epoch; as usual where nothing is said. */
  readonly offsetMax?: number;
}

/** A world without history: its clients are goim's. */
export const withoutHistory: Profile = {
  rooms: { ...roomDefaults, type: "sim", upstream: "publish" },
  logs: undefined,
  last: 0,
  size: 60,
  retries: 0,
};

/** One that keeps all that is pushed, and one that keeps so little that gaps come to be. */
const AMPLE = 100_000;
const SCANTY = 12;

/** Lanes that hold a few pushes, and shed soon. */
function smallLanes(size: number): Partial<JobOptions> {
  return { laneBytesMax: 6 * (size + PUSH_OVERHEAD_BYTES), stallMsMax: 300 };
}

/** The largest message that fits operation 70 as base64. */
const UPSTREAM_BYTES_MAX = 2_000;

/** The world of a seed: one in four is without history, one in four is of clients that publish. */
export function profileOf(seed: number): Profile {
  // A chance of its own: what happens in a world without history is as it was before there was any.
  const prng = seededPrng(seed + 0x109);
  const oneOf = <Value>(...values: Value[]) => values[randomBelow(prng, values.length)];
  const isUpstream = seededPrng(seed + 0x70).nextUint32() % 4 === 0;
  if (oneOf(true, false, false, false)) {
    return isUpstream ? { ...withoutHistory, isUpstream, retries: oneOf(0, 3) } : withoutHistory;
  }
  const historySize = oneOf(AMPLE, AMPLE, SCANTY);
  const slow = oneOf("catch-up" as const, "catch-up" as const, "latest" as const);
  const offsetMax = oneOf(undefined, undefined, undefined, undefined, 100);
  const size = oneOf(60, 60, 60, 4_000);
  const job = oneOf(undefined, smallLanes(size));
  // Goim's clients cannot be told of gaps, nor of what was shed before their room's log was known.
  const hasGaps = historySize === SCANTY || slow === "latest" || offsetMax !== undefined ||
    job !== undefined;
  return {
    rooms: {
      ...roomDefaults,
      type: "sim",
      upstream: "publish",
      historySize,
      slow,
      mergeWindowMs: oneOf(0, 0, 40, 250),
    },
    logs: { share: hasGaps ? 1 : oneOf(0.6, 1), roomsEach: oneOf(1, 2, 4) },
    last: oneOf(0, 5),
    size,
    retries: oneOf(0, 3),
    ringMax: oneOf(undefined, 400, 10_000),
    job,
    offsetMax,
    isQuiet: oneOf(false, true),
    isUpstream: isUpstream && size <= UPSTREAM_BYTES_MAX,
  };
}
