import { getLogger } from "@logtape/logtape";
import { backoffMs } from "../base/backoff.ts";
import { CancellableDelay } from "../base/cancellable_delay.ts";
import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import type { CometApi } from "../protocol/cluster/comet_calls.ts";
import { Batch } from "./batch.ts";
import type { CometDirectory } from "./comet_directory.ts";
import type { JobCounters } from "./counters.ts";
import { BATCH_BYTES_MAX, type JobOptions, retryBackoff } from "./options.ts";
import type { LanePush } from "./lane_push.ts";
import { MissedRooms } from "./missed_rooms.ts";

const log = getLogger(["halley", "job"]);

/** Dependencies of all lanes of a job. */
export interface LaneDependencies {
  readonly comets: CometDirectory;
  /** The time in which this process ran: a comet that takes nothing is judged by it. */
  readonly clock: Clock;
  readonly prng: Prng;
  readonly options: JobOptions;
  readonly counters: JobCounters;
}

/**
 * The way to one comet, with one batch on it at a time. What arrives while the comet writes one
 * gathers and leaves when it acknowledges: an idle lane delivers at once, a busy one batches as far
 * as the load asks.
 */
export class Lane {
  readonly #retryDelay: CancellableDelay;
  #inFlight: Batch | undefined;
  readonly #gathered: Batch[] = [];
  #running = false;
  /** When the batch in flight was first sent. */
  #sentMs = 0;
  #costBytes = 0;
  #slow = false;
  /** Pushes shed since the comet became slow. */
  #shed = 0;
  /** Of which rooms they were; the comet is yet to be told. */
  #missed = new MissedRooms();
  #ended = false;
  #waiting: (() => void)[] = [];

  constructor(
    readonly server: string,
    readonly comet: CometApi,
    private readonly parts: LaneDependencies,
  ) {
    this.#retryDelay = new CancellableDelay(parts.clock);
  }

  /** Whether a push should wait for {@linkcode Lane.waitForCapacity} before it is added. */
  get full(): boolean {
    return this.#costBytes >= this.parts.options.laneBytesMax && !this.#slow && !this.#ended;
  }

  /** What waits for the comet or is on its way to it, in bytes. */
  get costBytes(): number {
    return this.#costBytes;
  }

  /** Whether it takes nothing any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether its comet is still in the directory. */
  get live(): boolean {
    return this.parts.comets.get(this.server) === this.comet;
  }

  /** Settles when the lane got on or ended: then it is worth looking at again. */
  waitForCapacity(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Takes a push, or drops it when the comet is slow or gone; acknowledges it once either way. */
  add(push: LanePush): void {
    if (this.#ended) {
      this.parts.counters.gone++;
      push.ack();
    } else if (this.#slow) {
      this.#drop(push);
    } else {
      this.#gather(push);
      if (!this.#running) this.#run();
    }
  }

  /** Settles when nothing is held any more. */
  async idle(): Promise<void> {
    while (this.#inFlight !== undefined || this.#gathered.length > 0) await this.waitForCapacity();
  }

  /** To be called now and then: ends the lane of a comet that left, sheds for one that stalls. */
  check(): void {
    if (!this.live) return this.end();
    if (!this.full || this.#inFlight === undefined) return;
    const { clock, options } = this.parts;
    if (clock.monotonicMs() - this.#sentMs < options.stallMsMax) return;
    this.#slow = true;
    log.warn("comet {server} is slow: it took nothing for {stallMs} ms, new pushes are dropped", {
      server: this.server,
      stallMs: options.stallMsMax,
    });
    this.#wake();
  }

  /** Gives up the comet and acknowledges what is held. */
  end(): void {
    if (this.#ended) return;
    const batches = this.#inFlight === undefined
      ? this.#gathered.slice()
      : [this.#inFlight, ...this.#gathered];
    this.abandon();
    let pushes = 0;
    for (const batch of batches) {
      pushes += batch.pushes.length;
      for (const push of batch.pushes) push.ack();
    }
    this.parts.counters.gone += pushes;
    log.info("comet {server} left; {pushes} pushes were on their way to it", {
      server: this.server,
      pushes,
    });
  }

  /** Drops what is held without a word: it stays in the log for whoever claims it. */
  abandon(): void {
    this.#ended = true;
    this.#inFlight = undefined;
    this.#gathered.length = 0;
    this.#costBytes = 0;
    this.#retryDelay.cancel();
    this.#wake();
  }

  #drop(push: LanePush): void {
    this.parts.counters.shed++;
    this.#shed++;
    if (this.#missed.add(push)) this.parts.counters.missedRoomsOverflows++;
    push.ack();
  }

  #gather(push: LanePush): void {
    let batch = this.#gathered.at(-1);
    if (batch === undefined || batch.costBytes >= BATCH_BYTES_MAX) {
      batch = new Batch();
      this.#gathered.push(batch);
    }
    batch.add(push);
    this.#costBytes += push.costBytes;
  }

  /**
   * Lets the comet be told what it misses where that would have stood, before the pushes that come
   * from now on. If it is yet to be told of an earlier time, it is told of both then.
   */
  #gatherMissed(): void {
    if (this.#missed.size === 0) return;
    if (this.#gathered.some((batch) => batch.missed === this.#missed)) return;
    const batch = new Batch();
    batch.missed = this.#missed;
    this.#gathered.push(batch);
  }

  async #run(): Promise<void> {
    this.#running = true;
    // What is read from the log together leaves together: it is all added before this goes on.
    await Promise.resolve();
    while (this.#gathered.length > 0) {
      if (!this.live) this.end();
      if (this.#ended) break;
      const batch = this.#gathered.shift()!;
      this.#inFlight = batch;
      if (batch.missed === this.#missed) this.#missed = new MissedRooms();
      this.#sentMs = this.parts.clock.monotonicMs();
      const items = await this.#deliver(batch);
      if (this.#ended) break;
      this.#acknowledged(batch, items);
    }
    this.#running = false;
  }

  /** Tries until the comet takes the batch or the lane ends; returns how many items it had. */
  async #deliver(batch: Batch): Promise<number> {
    const deliveries = batch.deliveries();
    for (let attempt = 0; !this.#ended; attempt++) {
      try {
        const fenced = await this.comet.deliver(deliveries);
        if (fenced.length > 0) this.#fenced(batch, fenced);
        if (attempt > 0) log.info("comet {server} takes pushes again", { server: this.server });
        break;
      } catch (error) {
        if (this.#ended) break;
        if (attempt === 0) {
          log.warn("comet {server} failed to take pushes: {error}", { server: this.server, error });
        }
        await this.#retryDelay.wait(backoffMs(attempt, retryBackoff, this.parts.prng));
        if (!this.live) this.end();
        else if (!this.#ended) this.parts.counters.retries++;
      }
    }
    return deliveries.length;
  }

  /** Whoever holds the partitions now delivers their pushes; the log takes no more of ours. */
  #fenced(batch: Batch, partitions: readonly number[]): void {
    const fenced = new Set(partitions);
    for (const push of batch.pushes) {
      if (!fenced.has(push.lease.partition)) continue;
      this.parts.counters.fenced++;
      push.fenced();
    }
  }

  #acknowledged(batch: Batch, items: number): void {
    this.#inFlight = undefined;
    this.#costBytes -= batch.costBytes;
    const { counters } = this.parts;
    counters.batches++;
    counters.batchItems += items;
    counters.delivered += batch.pushes.length - batch.probes;
    counters.probes += batch.probes;
    counters.missedRooms += batch.missed?.size ?? 0;
    for (const push of batch.pushes) push.ack();
    if (this.#slow) {
      this.#gatherMissed();
      log.info("comet {server} is no longer slow; {shed} pushes were dropped", {
        server: this.server,
        shed: this.#shed,
      });
      this.#slow = false;
      this.#shed = 0;
    }
    this.#wake();
  }

  #wake(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
