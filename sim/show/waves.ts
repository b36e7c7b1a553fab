import { randomBelow, randomFloat, seededPrng } from "../../base/prng.ts";

/** What a wave is about. */
export type Mood = "goal" | "joke" | "song" | "surprise" | "applause";

const moods: readonly Mood[] = ["goal", "joke", "song", "surprise"];

/** Something happens in the show, and many write at once. */
export interface Wave {
  /** Since the beginning of the show. */
  readonly atMs: number;
  readonly mood: Mood;
  /** How many times as much as usual is written at its height. */
  readonly strength: number;
}

/** The pause between two waves, on average; a short show has about four of them all the same. */
const PAUSE_MS = 10_000;
const WAVES_MIN = 4;

const STRENGTH_MIN = 4;
const STRENGTH_MAX = 12;

/** How long it takes until a wave is at its height, until a third of it is left, and until nothing is. */
const RISE_MS = 500;
const FALL_MS = 3_000;
const OVER_MS = 30_000;

/** It is what all write about as long as it adds more than this to what is written otherwise. */
const TOPIC_MIN = 1;

/** The waves of a show, in order; the last is the applause. */
export function wavesOf(seed: number, durationMs: number): Wave[] {
  const prng = seededPrng(seed * 31 + 1);
  const pauseMs = Math.min(PAUSE_MS, durationMs / WAVES_MIN);
  const lastMs = Math.round(durationMs - Math.min(FALL_MS, pauseMs));
  const next = (fromMs: number) =>
    fromMs + Math.max(1, Math.round(pauseMs * (0.6 + 0.8 * randomFloat(prng))));
  const waves: Wave[] = [];
  for (let atMs = next(-Math.round(pauseMs / 2)); atMs < lastMs - pauseMs / 2; atMs = next(atMs)) {
    const mood = moods[randomBelow(prng, moods.length)];
    const strength = STRENGTH_MIN + randomFloat(prng) * (STRENGTH_MAX - STRENGTH_MIN);
    waves.push({ atMs, mood, strength });
  }
  return [...waves, { atMs: lastMs, mood: "applause", strength: STRENGTH_MAX }];
}

/** How much a wave adds to what is written otherwise. */
function swellOf({ atMs, strength }: Wave, nowMs: number): number {
  const sinceMs = nowMs - atMs;
  if (sinceMs < RISE_MS) return strength * Math.max(0, sinceMs) / RISE_MS;
  return strength * Math.exp((RISE_MS - sinceMs) / FALL_MS);
}

/** How much is written during a show, where 1 is what is written while nothing happens. */
export class Tide {
  /** What is written about. */
  mood: Mood | "quiet" = "quiet";
  level = 1;
  /** Waves that have begun just now. */
  begun: readonly Wave[] = [];
  #running: readonly Wave[] = [];
  #next = 0;

  constructor(private readonly waves: readonly Wave[], private readonly durationMs: number) {}

  /** The level of the whole show on average. */
  get average(): number {
    const sum = this.waves.reduce((sum, { atMs, strength }) => {
      const fallMs = Math.max(0, this.durationMs - atMs - RISE_MS);
      return sum + strength * (RISE_MS / 2 + FALL_MS * (1 - Math.exp(-fallMs / FALL_MS)));
    }, 0);
    return 1 + sum / this.durationMs;
  }

  /** Goes on to a moment of the show. */
  moveTo(nowMs: number): void {
    const from = this.#next;
    while (this.waves[this.#next]?.atMs <= nowMs) this.#next++;
    this.begun = this.waves.slice(from, this.#next);
    this.#running = [...this.#running, ...this.begun].filter(({ atMs }) => nowMs < atMs + OVER_MS);
    [this.mood, this.level] = ["quiet", 1];
    let most = TOPIC_MIN;
    for (const wave of this.#running) {
      const swell = swellOf(wave, nowMs);
      this.level += swell;
      if (swell > most) [this.mood, most] = [wave.mood, swell];
    }
  }
}
