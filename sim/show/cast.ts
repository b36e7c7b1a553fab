import { type Prng, randomBelow, randomFloat, seededPrng } from "../../base/prng.ts";

/** Shares of the viewers: those who write much, and those who write at all, the former included. */
const HEAVY = 0.06;
const WRITERS = 0.3;

/** How many times as much as others those write that write much. */
const HEAVY_WEIGHT = 8;

/** Most that flood a room now and then. */
const FLOODERS_MAX = 3;

/** Who writes; all others only watch, and like. */
export interface Cast {
  /** Draws one who writes: some are drawn more often than others. */
  readonly writer: (prng: Prng) => number;
  /** Draws one of those who now and then write far too much. */
  readonly flooder: (prng: Prng) => number;
  /** All of these. */
  readonly flooders: readonly number[];
  readonly anyone: (prng: Prng) => number;
}

function drawFrom(clients: readonly number[]): (prng: Prng) => number {
  return (prng) => clients[randomBelow(prng, clients.length)];
}

/** The cast of a show by its seed; where there are few viewers, client 0 writes in any case. */
export function castOf(seed: number, clients: number): Cast {
  const heavy: number[] = [];
  const writers: number[] = [];
  for (let client = 0; client < clients; client++) {
    const share = client === 0 ? 0 : randomFloat(seededPrng(seed * 1_000_003 + client + 1));
    if (share < WRITERS) writers.push(client);
    if (share < HEAVY) heavy.push(client);
  }
  const weighted = [...writers, ...heavy.flatMap((one) => Array(HEAVY_WEIGHT - 1).fill(one))];
  const flooders = heavy.slice(-FLOODERS_MAX);
  return {
    writer: drawFrom(weighted),
    flooder: drawFrom(flooders),
    flooders,
    anyone: (prng) => randomBelow(prng, clients),
  };
}
