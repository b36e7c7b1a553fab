/**
 * A live show as its viewers live it: what each of them does, and when. A seed decides all of it, so
 * that every process of clients knows the whole show, and does the part of its own clients.
 */
import { type Prng, randomBelow, randomFloat, seededPrng } from "../../base/prng.ts";
import { type Cast, castOf } from "./cast.ts";
import { type Mood, Tide, wavesOf } from "./waves.ts";

/** What a show is like. */
export interface ShowPlan {
  readonly seed: number;
  /** Viewers that there are in the end. */
  readonly clients: number;
  /** Messages and likes per second of all viewers, on average; floods come on top. */
  readonly ratePerS: number;
  readonly durationMs: number;
}

/** The video that it is about, as long as that of the demo page: it goes round, in milliseconds. */
export const VIDEO_MS = 180_000;

/** What a viewer does. */
export interface Act {
  /** Since the beginning of the show. */
  readonly atMs: number;
  /** Index of the client. */
  readonly client: number;
  readonly kind: "comment" | "like" | "go" | "return";
  /** What it is about. */
  readonly mood: Mood | "quiet";
  /** Decides on words, colour and place. */
  readonly pick: number;
  /** The client that a reply is for. */
  readonly repliesTo: number | undefined;
}

const STEP_MS = 100;

/** Share of the viewers that go in a second, and how long they are away. */
const GOING_PER_S = 0.01;
const AWAY_MS_MIN = 1_000;
const AWAY_MS_MAX = 6_000;

/** What one who floods writes when something happens, in how long: more than servers let through. */
const FLOOD_MESSAGES = 24;
const FLOOD_MS = 1_000;

/** Shares of what is written while nothing happens, and in a wave. */
const LIKES = 0.25;
const LIKES_IN_WAVE = 0.5;
const REPLIES = 0.15;

/** How often another viewer is drawn in place of one that is away. */
const DRAWS = 4;

/** A show as it is written, step by step. */
class Script {
  readonly #prng: Prng;
  readonly #cast: Cast;
  readonly #tide: Tide;
  readonly #away = new Set<number>();
  /** Acts that have been decided on, in no order. */
  #acts: Act[] = [];
  /** Messages and departures that are due; what is below 1 is for the next step. */
  #messages = 0;
  #departures = 0;
  #lastWriter: number | undefined;
  #stepMs = 0;

  constructor(private readonly plan: ShowPlan) {
    const { seed, clients, durationMs } = plan;
    this.#prng = seededPrng(seed * 31 + 2);
    this.#cast = castOf(seed, clients);
    this.#tide = new Tide(wavesOf(seed, durationMs), durationMs);
  }

  *acts(): Generator<Act> {
    const { clients, ratePerS, durationMs } = this.plan;
    const perStep = ratePerS * STEP_MS / 1_000 / this.#tide.average;
    for (this.#stepMs = 0; this.#stepMs < durationMs; this.#stepMs += STEP_MS) {
      this.#tide.moveTo(this.#stepMs);
      this.#messages += perStep * this.#tide.level;
      for (; this.#messages >= 1; this.#messages--) this.#write();
      for (const _ of this.#tide.begun) this.#flood();
      this.#departures += clients * GOING_PER_S * STEP_MS / 1_000;
      for (; this.#departures >= 1; this.#departures--) this.#depart();
      yield* this.#due();
    }
  }

  #write(): void {
    const chance = randomFloat(this.#prng);
    if (chance < (this.#tide.mood === "quiet" ? LIKES : LIKES_IN_WAVE)) {
      return this.#add("like", this.#present(this.#cast.anyone), this.#soonMs());
    }
    const isReply = randomFloat(this.#prng) < REPLIES;
    const client = this.#present(this.#cast.writer);
    this.#add("comment", client, this.#soonMs(), isReply ? this.#lastWriter : undefined);
    this.#lastWriter = client;
  }

  #flood(): void {
    const client = this.#present(this.#cast.flooder);
    for (let count = 0; count < FLOOD_MESSAGES; count++) {
      const atMs = this.#stepMs + Math.round(count * FLOOD_MS / FLOOD_MESSAGES);
      if (atMs < this.plan.durationMs) this.#add("comment", client, atMs);
    }
  }

  #depart(): void {
    const client = this.#cast.anyone(this.#prng);
    const atMs = this.#soonMs();
    const awayMs = AWAY_MS_MIN + randomBelow(this.#prng, AWAY_MS_MAX - AWAY_MS_MIN);
    if (this.#away.has(client) || atMs + awayMs >= this.plan.durationMs) return;
    this.#away.add(client);
    this.#add("go", client, atMs);
    this.#add("return", client, atMs + awayMs);
  }

  /** Takes out what is to be done in this step, in order. */
  #due(): Act[] {
    const isDue = ({ atMs }: Act) => atMs < this.#stepMs + STEP_MS;
    const due = this.#acts.filter(isDue).sort((one, other) => one.atMs - other.atMs);
    this.#acts = this.#acts.filter((act) => !isDue(act));
    for (const { kind, client } of due) if (kind === "return") this.#away.delete(client);
    return due;
  }

  #add(kind: Act["kind"], client: number, atMs: number, repliesTo?: number): void {
    const { mood } = this.#tide;
    this.#acts.push({ atMs, client, kind, mood, pick: this.#prng.nextUint32(), repliesTo });
  }

  /** Some moment of this step. */
  #soonMs(): number {
    return Math.min(this.plan.durationMs - 1, this.#stepMs + randomBelow(this.#prng, STEP_MS));
  }

  /** One that is not away, unless most are. */
  #present(draw: (prng: Prng) => number): number {
    let client = draw(this.#prng);
    for (let draws = 1; draws < DRAWS && this.#away.has(client); draws++) client = draw(this.#prng);
    return client;
  }
}

/** Everything that the viewers do, in order. The same plan gives the same. */
export function actsOf(plan: ShowPlan): Generator<Act> {
  return new Script(plan).acts();
}
