import type { Clock, TimerHandle } from "../base/clock.ts";
import { assert } from "../base/assert.ts";
import type { Prng } from "../base/prng.ts";
import type { PushLog } from "../drivers/ports.ts";
import type { CometDirectory } from "./comet_directory.ts";
import { Consumer } from "./consumer.ts";
import { JobCounters } from "./counters.ts";
import { Lanes } from "./lanes.ts";
import { jobDefaults, type JobOptions, SWEEP_MS } from "./options.ts";
import { Pause } from "./pause.ts";

/** What a job stands on. */
export interface JobParts {
  readonly pushLog: PushLog;
  readonly comets: CometDirectory;
  readonly clock: Clock;
  readonly prng: Prng;
  /** What differs from {@linkcode jobDefaults}. */
  readonly options?: Partial<JobOptions>;
}

/** Carries pushes from the log to the comets: the role between logic and comet. */
export class Job {
  readonly counters = new JobCounters();
  readonly #clock: Clock;
  readonly #options: JobOptions;
  readonly #lanes: Lanes;
  readonly #consumers: Consumer[] = [];
  #sweep: TimerHandle | undefined;
  #stopping: Promise<void> | undefined;

  constructor({ pushLog, comets, clock, prng, options }: JobParts) {
    this.#clock = clock;
    this.#options = { ...jobDefaults, ...options };
    const { counters } = this;
    this.#lanes = new Lanes({ comets, clock, prng, options: this.#options, counters });
    const parts = { pushLog, lanes: this.#lanes, clock, prng, counters };
    for (let partition = 0; partition < pushLog.partitions; partition++) {
      this.#consumers.push(new Consumer(partition, parts));
    }
  }

  /** Begins with what is pending in every partition, and goes on with what comes. */
  start(): void {
    assert(this.#sweep === undefined, "a job is started once");
    this.#sweep = this.#clock.setInterval(() => this.#lanes.check(), SWEEP_MS);
    for (const consumer of this.#consumers) consumer.run();
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
    for (const consumer of this.#consumers) consumer.stop();
    const deadline = new Pause(this.#clock);
    await Promise.race([this.#idle(), deadline.wait(this.#options.stopMsMax)]);
    deadline.end();
    this.#lanes.abandon();
    for (const consumer of this.#consumers) consumer.abandon();
    if (this.#sweep !== undefined) this.#clock.cancel(this.#sweep);
  }

  async #idle(): Promise<void> {
    await this.#lanes.idle();
    for (const consumer of this.#consumers) await consumer.idle();
  }
}
