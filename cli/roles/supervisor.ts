import { getLogger } from "@logtape/logtape";
import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import type { Clock, TimerHandle } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { oneLine } from "../../platform/faults.ts";
import type { Child } from "../../platform/port.ts";

const log = getLogger(["halley"]);

/** Waits before a worker that ended is started again. */
const backoff: BackoffOptions = { baseMs: 100, maxMs: 10_000, factor: 2, jitter: 0.3 };

/** How long a worker runs before its next end counts as the first, in milliseconds. */
const STEADY_MS = 30_000;

/** How long workers have to say goodbye to their clients, in milliseconds. */
const STOP_MS = 10_000;

/** Dependencies of a supervisor. */
export interface SupervisorDependencies {
  /** Starts one. */
  readonly spawn: (index: number) => Child;
  /** Told that one has ended. */
  readonly ended: (index: number) => void;
  readonly clock: Clock;
  readonly prng: Prng;
}

/** Keeps one worker process running. */
class Worker {
  #child: Child | undefined;
  #timer: TimerHandle | undefined;
  #failures = 0;
  #stopping = false;

  constructor(private readonly index: number, private readonly parts: SupervisorDependencies) {}

  /** @throws {Error} When it cannot be started. */
  start(): void {
    const startedMs = this.parts.clock.monotonicMs();
    this.#timer = undefined;
    this.#child = this.parts.spawn(this.index);
    void this.#child.ended.then((how) => this.#ended(how, startedMs));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    const { clock } = this.parts;
    if (this.#timer !== undefined) clock.cancel(this.#timer);
    const child = this.#child;
    if (child === undefined) return;
    child.kill("SIGTERM");
    const deadline = clock.setTimeout(() => {
      log.warn("worker {index} does not end: kills it", { index: this.index });
      child.kill("SIGKILL");
    }, STOP_MS);
    await child.ended;
    clock.cancel(deadline);
  }

  #ended(how: number | string, startedMs: number): void {
    this.#child = undefined;
    this.parts.ended(this.index);
    if (this.#stopping) return;
    const { clock, prng } = this.parts;
    if (clock.monotonicMs() - startedMs >= STEADY_MS) this.#failures = 0;
    const waitMs = backoffMs(this.#failures++, backoff, prng);
    log.error("worker {index} ended with {how}: starts it again in {waitMs} ms", {
      index: this.index,
      how,
      waitMs: Math.round(waitMs),
    });
    this.#timer = clock.setTimeout(() => this.#restart(), waitMs);
  }

  /** What lacks for a process now, such as file descriptors, may be there later. */
  #restart(): void {
    const startedMs = this.parts.clock.monotonicMs();
    try {
      this.start();
    } catch (error) {
      this.#ended(oneLine(error), startedMs);
    }
  }
}

/** Keeps worker processes running: starts one that ends again, later and later. */
export class Supervisor {
  readonly #workers: readonly Worker[];

  constructor(count: number, parts: SupervisorDependencies) {
    this.#workers = Array.from({ length: count }, (_, index) => new Worker(index, parts));
  }

  /** @throws {Error} When a process cannot be started. */
  start(): void {
    for (const worker of this.#workers) worker.start();
  }

  /** Ends every worker: settles when they have gone. */
  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.stop()));
  }
}
