import { getLogger } from "@logtape/logtape";
import type { CancellableDelay } from "../../base/cancellable_delay.ts";
import type { Clock } from "../../base/clock.ts";
import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import type { CometOptions } from "../options.ts";
import { HISTORY_MS, type HistoryReads } from "./history_reads.ts";
import type { LogStep } from "./log_step.ts";
import type { RoomLog } from "./room_log.ts";

const log = getLogger(["halley", "comet"]);

/** Messages in one read; bytes stop it before. */
const MESSAGES_MAX = 10_000;

/** Bytes of bodies in one read for those who are behind. */
const OLDER_BYTES_MAX = 256 * 1024;

/** Wait before the first try again of a read that fails, and the longest one, in milliseconds. */
const RETRY_MS = 100;
const RETRY_MS_MAX = 2_000;

/** What the reader of a room needs. */
export interface LogReaderDependencies {
  readonly reads: HistoryReads;
  readonly delay: CancellableDelay;
  /** What those who wait are judged by. */
  readonly clock: Clock;
  /** With the most bytes of bodies that fill the ring. */
  readonly options: Pick<CometOptions, "ringMax">;
}

/** What a reader has done with what it has read. */
export interface LogReaderEvents {
  /** Carries steps out behind all that is being pushed. */
  perform(steps: () => Iterable<LogStep>): Promise<void>;
  /** Those who are behind may go on. */
  olderCame(): void;
}

/** Those who wait for one read. */
class Waiters {
  readonly done: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;

  /** @param untilMs From when on a failure is told to them. */
  constructor(readonly untilMs: number) {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.done = promise;
    this.resolve = resolve;
    this.reject = reject;
    // Not everyone who asks for a read waits for it.
    promise.catch(() => {});
  }
}

/** Reads the store for one room, one read at a time, whatever it is for and however many wait. */
export class LogReader {
  /** When the store was last read, on the monotonic clock. */
  readMs = -Infinity;
  /** Whether the room is no more. */
  isClosed = false;
  #toLoad: Waiters | undefined;
  #toRepair: Waiters | undefined;
  #toReadOlder: Waiters | undefined;
  /** The lowest offset behind which older messages are wanted. */
  #olderAfter = Infinity;
  #isRunning = false;

  constructor(
    private readonly roomLog: RoomLog,
    private readonly dependencies: LogReaderDependencies,
    private readonly events: LogReaderEvents,
  ) {}

  /** Loads the room's log; rejects when that fails for too long. */
  load(): Promise<void> {
    return this.#wait(this.#toLoad ??= this.#waiters());
  }

  /** Reads what is missing; settles when all that the log was known to have is there. */
  repair(): Promise<void> {
    return this.#wait(this.#toRepair ??= this.#waiters());
  }

  /** Reads messages behind an offset that the ring does not have. */
  readOlder(after: number): Promise<void> {
    this.#olderAfter = Math.min(this.#olderAfter, after);
    return this.#wait(this.#toReadOlder ??= this.#waiters());
  }

  /** The room is no more: nobody is told anything. */
  close(): void {
    this.isClosed = true;
    this.#fail(new Error("Cannot read history: the room is closed"), Infinity);
  }

  #waiters(): Waiters {
    return new Waiters(this.dependencies.clock.monotonicMs() + HISTORY_MS);
  }

  #wait({ done }: Waiters): Promise<void> {
    if (!this.#isRunning) void this.#run();
    return done;
  }

  async #run(): Promise<void> {
    const { delay, clock } = this.dependencies;
    this.#isRunning = true;
    for (let attempt = 0; !this.isClosed && !delay.cancelled;) {
      try {
        const read = this.#next();
        if (read === undefined) break;
        await read;
        attempt = 0;
      } catch (error) {
        if (attempt === 2) log.warn("cannot read what rooms have kept: {error}", { error });
        await this.#failed(error, clock.monotonicMs());
        await delay.wait(Math.min(RETRY_MS_MAX, RETRY_MS * 2 ** attempt++));
      }
    }
    this.#isRunning = false;
  }

  /** @returns Nothing when there is nothing to be read. */
  #next(): Promise<void> | undefined {
    if (this.#toLoad !== undefined) return this.#load(this.#toLoad);
    if (this.#toRepair !== undefined) return this.#repair(this.#toRepair);
    if (this.#toReadOlder !== undefined) return this.#readOlder(this.#toReadOlder);
    return undefined;
  }

  async #load(waiters: Waiters): Promise<void> {
    const { ringMax } = this.dependencies.options;
    const page = await this.#read({ last: MESSAGES_MAX, bytesMax: ringMax });
    await this.#perform(() => this.roomLog.load(page));
    this.#toLoad = undefined;
    waiters.resolve();
  }

  async #repair(waiters: Waiters): Promise<void> {
    const { roomLog } = this;
    if (roomLog.isKeeping) {
      const asked = roomLog.ask();
      const after = roomLog.isEpochDoubted ? 0 : roomLog.head;
      const page = await this.#read({ after, bytesMax: this.dependencies.options.ringMax });
      await this.#perform(() => roomLog.repair(page, after, asked));
    }
    if (roomLog.isKeeping) return;
    this.#toRepair = undefined;
    waiters.resolve();
  }

  async #readOlder(waiters: Waiters): Promise<void> {
    const after = this.#olderAfter;
    this.#olderAfter = Infinity;
    const bytesMax = Math.min(OLDER_BYTES_MAX, this.dependencies.options.ringMax / 4);
    const page = await this.#read({ after, bytesMax }).catch((error) => {
      this.#olderAfter = Math.min(this.#olderAfter, after);
      throw error;
    });
    if (this.isClosed) return;
    this.roomLog.takeOlder(page, after);
    // Who has come since waits for the next one, unless this one has it.
    this.#toReadOlder = undefined;
    this.#olderAfter = Infinity;
    waiters.resolve();
    this.events.olderCame();
  }

  async #read(query: Pick<HistoryQuery, "after" | "last" | "bytesMax">): Promise<HistoryPage> {
    const { reads, clock } = this.dependencies;
    const nowMs = clock.monotonicMs();
    const page = await reads.read({ room: this.roomLog.key, limit: MESSAGES_MAX, ...query });
    this.readMs = nowMs;
    return page;
  }

  async #perform(steps: () => Iterable<LogStep>): Promise<void> {
    if (!this.isClosed) await this.events.perform(steps);
  }

  /** Those who have waited for too long learn of it; the members go on with what comes. */
  async #failed(error: unknown, nowMs: number): Promise<void> {
    const isLoading = this.#toLoad !== undefined;
    this.#fail(error, nowMs);
    if (isLoading && this.#toLoad === undefined) {
      await this.#perform(() => this.roomLog.loadLater());
    }
  }

  #fail(error: unknown, nowMs: number): void {
    const isOver = (waiters?: Waiters) => waiters !== undefined && nowMs >= waiters.untilMs;
    if (isOver(this.#toLoad)) {
      this.#toLoad!.reject(error);
      this.#toLoad = undefined;
    }
    if (isOver(this.#toRepair)) {
      this.#toRepair!.reject(error);
      this.#toRepair = this.roomLog.isKeeping && !this.isClosed ? this.#waiters() : undefined;
    }
    if (isOver(this.#toReadOlder)) {
      this.#toReadOlder!.reject(error);
      this.#toReadOlder = undefined;
      this.#olderAfter = Infinity;
      this.events.olderCame();
    }
  }
}
