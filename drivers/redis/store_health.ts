import { createHash } from "node:crypto";
import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { StoreRefused, StoreUnavailable } from "../ports.ts";
import { StoreCounters } from "../store.ts";
import type { Unavailability } from "./errors.ts";
import type { Script } from "./store.ts";

const log = getLogger(["halley", "redis"]);

/** Within how long an outage that comes again is the same outage, in milliseconds. */
const SAME_MS = 60_000;

/** How long nothing must fail until it counts as over, in milliseconds: the least and the most. */
const QUIET_MS_MIN = 1_000;
const QUIET_MS_MAX = 60_000;

/**
 * An outage of Redis: the log says once that it begins and once that it is over, however many calls
 * fail. One that comes and goes has to stay away twice as long each time.
 */
export class Outage {
  #isOn = false;
  #failedMs = 0;
  #overMs = -Infinity;
  #quietMs = QUIET_MS_MIN;

  /**
   * @param begins What is said, with the reason, when it begins.
   * @param ends What is said when it is over.
   */
  constructor(
    private readonly clock: Clock,
    private readonly begins: string,
    private readonly ends: string,
  ) {}

  get isOn(): boolean {
    return this.#isOn;
  }

  /** A call failed of it. */
  failed(reason: string): void {
    this.#failedMs = this.clock.monotonicMs();
    if (this.#isOn) return;
    this.#isOn = true;
    const again = this.#failedMs - this.#overMs < SAME_MS;
    this.#quietMs = again ? Math.min(2 * this.#quietMs, QUIET_MS_MAX) : QUIET_MS_MIN;
    log.warn(`${this.begins}: {reason}`, { reason });
  }

  /** A call that would have failed of it went well. */
  succeeded(): void {
    const nowMs = this.clock.monotonicMs();
    if (!this.#isOn || nowMs - this.#failedMs < this.#quietMs) return;
    this.#isOn = false;
    this.#overMs = nowMs;
    log.info(this.ends);
  }
}

/** Why a call failed. */
export interface Failure {
  /** What is the matter with the server; nothing when asking again would not help. */
  readonly kind: Unavailability | undefined;
  readonly reason: string;
}

/** How a way to Redis is doing: what it counts, and says in the log. */
export class StoreHealth {
  readonly counters = new StoreCounters();
  readonly #away: Outage;
  readonly #refuses: Outage;
  /** Scripts that were refused since it last took one of them. */
  readonly #refused = new Set<string>();
  #closed = false;

  constructor(clock: Clock) {
    this.#away = new Outage(clock, "Redis is away", "Redis is back");
    this.#refuses = new Outage(clock, "Redis refuses to write", "Redis writes again");
  }

  /**
   * Counts what becomes of a script, and says it by the kind of the error.
   *
   * @param judge Says why the call failed.
   */
  async watch<Result>(
    script: Script,
    call: Promise<Result>,
    judge: (error: unknown) => Failure,
  ): Promise<Result> {
    try {
      const result = await call;
      this.#succeeded(script);
      return result;
    } catch (error) {
      const { kind, reason } = judge(error);
      const message = `Cannot run script "${script.name}": ${reason}`;
      if (kind === undefined) throw new Error(message);
      if (kind === "away") {
        this.failed(reason);
        throw new StoreUnavailable(message);
      }
      this.#wasRefused(script, kind, reason);
      throw new StoreRefused(message);
    }
  }

  /** Redis was not reached, did not answer or cannot serve yet. */
  failed(reason: string): void {
    if (this.#closed) return;
    this.counters.interruptions++;
    this.#away.failed(reason);
  }

  /** What fails from now on is no fault of Redis. */
  close(): void {
    this.#closed = true;
  }

  /** Redis answered that it does not write now. */
  #wasRefused({ name, needsRoom = false }: Script, kind: Unavailability, reason: string): void {
    this.counters.refusals++;
    // Without new pushes all goes on; without anything else silence says nothing of who is silent.
    if (kind !== "full" || !needsRoom) this.counters.interruptions++;
    this.#refused.add(name);
    this.#refuses.failed(reason);
  }

  #succeeded({ name }: Script): void {
    if (this.#away.isOn) this.#away.succeeded();
    // Scripts that only read go well all the time.
    if (!this.#refused.has(name)) return;
    this.#refuses.succeeded();
    if (!this.#refuses.isOn) this.#refused.clear();
  }
}

const hashes = new WeakMap<Script, string>();

/**
 * Runs a script by its hash, and by its source where the server does not have it.
 *
 * @param byHash Sends `EVALSHA`.
 * @param bySource Sends `EVAL`, which leaves the script with the server.
 * @throws {Error} What these throw.
 */
export async function evaluate<Result>(
  script: Script,
  byHash: (hash: string) => Promise<Result>,
  bySource: (source: string) => Promise<Result>,
): Promise<Result> {
  const { source } = script;
  let hash = hashes.get(script);
  if (hash === undefined) {
    hash = createHash("sha1").update(source).digest("hex");
    hashes.set(script, hash);
  }
  try {
    return await byHash(hash);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return await bySource(source);
  }
}
