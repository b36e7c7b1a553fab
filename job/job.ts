/**
 * The door of this folder: a job. A push passes partitions.ts (leases), consumer.ts (reading in
 * order), lanes.ts (which comets) and lane.ts (one batch at a time to each); rpc/ finds and reaches
 * comets in other processes.
 *
 * @module
 */
import { CancellableDelay } from "../base/cancellable_delay.ts";
import type { Clock, TimerHandle } from "../base/clock.ts";
import { assert } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import type { PushLog } from "../drivers/ports.ts";
import type { CometDirectory } from "./comet_directory.ts";
import { JobCounters } from "./counters.ts";
import { Lanes } from "./lanes.ts";
import { jobDefaults, type JobOptions, SWEEP_MS } from "./options.ts";
import { Partitions } from "./partitions.ts";

/** Dependencies of a job. */
export interface JobDependencies {
  /** This run of the job. */
  readonly owner: string;
  readonly pushLog: PushLog;
  readonly comets: CometDirectory;
  readonly clock: Clock;
  /** The time in which this process ran: a comet that takes nothing is judged by it. */
  readonly running: Clock;
  readonly prng: Prng;
  /** What differs from {@linkcode jobDefaults}. */
  readonly options?: Partial<JobOptions>;
}

/** Carries pushes from the log to the comets: the role between logic and comet. */
export class Job {
  readonly counters = new JobCounters();
  readonly #clock: Clock;
  readonly #running: Clock;
  readonly #options: JobOptions;
  readonly #lanes: Lanes;
  readonly #partitions: Partitions;
  #sweep: TimerHandle | undefined;
  #stopping: Promise<void> | undefined;

  constructor({ owner, pushLog, comets, clock, running, prng, options }: JobDependencies) {
    this.#clock = clock;
    this.#running = running;
    this.#options = { ...jobDefaults, ...options };
    const { counters } = this;
    this.#lanes = new Lanes({ comets, clock: running, prng, options: this.#options, counters });
    const parts = { pushLog, comets, lanes: this.#lanes, clock, prng, counters };
    this.#partitions = new Partitions(owner, parts);
  }

  /** Partitions of the push log that this job reads at present. */
  get partitions(): number {
    return this.#partitions.size;
  }

  /** Bytes of pushes that wait for comets or are on their way to them. */
  get laneBytes(): number {
    return this.#lanes.costBytes;
  }

  /** Begins with what is pending in every partition that is its own, and goes on with what comes. */
  start(): void {
    assert(this.#sweep === undefined, "a job is started once");
    this.#sweep = this.#running.setInterval(() => this.#lanes.check(), SWEEP_MS);
    this.#partitions.start();
  }

  /**
   * Reads no more and settles when the comets took what was on its way to them, or at the deadline;
   * what they did not take stays pending in the log. Calling it again is waiting for the first.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    this.#partitions.stop();
    const deadline = new CancellableDelay(this.#clock);
    await Promise.race([this.#idle(), deadline.wait(this.#options.stopMsMax)]);
    deadline.cancel();
    this.#lanes.abandon();
    await this.#partitions.leave();
    if (this.#sweep !== undefined) this.#running.cancel(this.#sweep);
  }

  async #idle(): Promise<void> {
    await this.#lanes.idle();
    await this.#partitions.idle();
  }
}
