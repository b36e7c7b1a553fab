import type { Clock } from "../../base/clock.ts";
import { checkFrames, EMPTY } from "../../protocol/frame.ts";
import type { HistoryPage } from "../../protocol/history.ts";
import type { RoomOptions } from "../../protocol/room_options.ts";
import { EncodedPush } from "../format/encoded_push.ts";
import { KeptDeliveries, type LogDelivery } from "./kept_deliveries.ts";
import { LogFrames } from "./log_frames.ts";
import type { LogMemory } from "./log_memory.ts";
import type { LogStep } from "./log_step.ts";
import { cutRun, type Run } from "./ring.ts";
import { runsOf, runsOfHistory } from "./runs.ts";

/** Epochs of before that are known as such. */
const PAST_EPOCHS_MAX = 8;

/** What a log tells its owner. */
export interface LogEvents {
  /** Deliveries are kept, since the store has to be read. */
  hole(): void;
  /** Frames were left out since they had been here before. */
  repeated(count: number): void;
}

/**
 * The log of a room on one comet: how far it has come, and its latest frames.
 *
 * Deliveries come in the order of the log, though some may be missing, or come again. Whatever is
 * missing is read from the store, which is where the truth is; deliveries are kept meanwhile. So the
 * steps that the log gives have no hole that is not said to be one. They are carried out one after
 * the other: what was fanned out is `flushed`.
 */
export class RoomLog {
  /** Empty in a room that never had a message, or while nothing is known. */
  epoch = "";
  /** Offset of the latest message that was fanned out: who is live has it. */
  flushed = 0;
  /** Whether epoch and head are known. */
  isKnown = false;
  /** Whether the store has been read. */
  isLoaded = false;
  /** The frames that are here; its `last` is the head of the log. */
  readonly frames: LogFrames;
  #isKeeping = true;
  readonly #kept: KeptDeliveries;
  readonly #pastEpochs = new Set<string>();

  /** @param key Of the room. */
  constructor(
    readonly key: string,
    options: RoomOptions,
    memory: LogMemory,
    private readonly clock: Clock,
    private readonly events: LogEvents,
  ) {
    this.frames = new LogFrames(key, options, memory, clock);
    this.#kept = new KeptDeliveries(memory);
  }

  /** Offset of the latest message that has come. */
  get head(): number {
    return this.frames.last;
  }

  /** Whether it never had another epoch. */
  get isFirstEpoch(): boolean {
    return this.#pastEpochs.size === 0;
  }

  /** Whether deliveries are kept, since the store has to be read first. */
  get isKeeping(): boolean {
    return this.#isKeeping;
  }

  /** Notes that the store is asked about the deliveries that wait, and says how many those are. */
  ask(): number {
    return this.#kept.ask();
  }

  /** Whether a delivery waits whose epoch may be a new one, or a past one. */
  get isEpochDoubted(): boolean {
    for (const epoch of this.#kept.epochs()) {
      if (epoch !== this.epoch && !this.#pastEpochs.has(epoch)) return true;
    }
    return false;
  }

  /**
   * Takes a delivery with an epoch, and gives what there is to be done.
   *
   * @throws {ProtocolError} When its frames are anything else.
   */
  *take(delivery: LogDelivery): Generator<LogStep> {
    if (!this.#isKeeping) return yield* this.#apply(delivery, false);
    checkFrames(delivery.frames);
    this.#kept.add(delivery);
  }

  /** Takes the latest messages that the store has, the first time that it was read. */
  *load(page: HistoryPage): Generator<LogStep> {
    this.isLoaded = true;
    if (!this.isKnown) {
      this.isKnown = true;
      this.epoch = page.epoch;
      this.frames.startAt(page.head, page.first);
      this.frames.fill(page);
      this.flushed = page.head;
    } else if (page.epoch !== "") {
      if (page.epoch === this.epoch) this.frames.sawFirst(page.first);
      this.#kept.add({ epoch: page.epoch, head: page.head, frames: EMPTY });
    }
    yield* this.#release(0);
  }

  /** Goes on with what comes, since the store cannot be read. */
  *loadLater(): Generator<LogStep> {
    yield* this.#release(0);
  }

  /**
   * Takes messages that the store has behind an offset, because some were missing here.
   *
   * @param after The offset.
   * @param asked How many deliveries waited when the store was asked: what it does not have of what
   * these show is nowhere.
   */
  *repair(page: HistoryPage, after: number, asked: number): Generator<LogStep> {
    if (page.epoch !== "") {
      if (page.epoch !== this.epoch) {
        yield* this.#begin(page.epoch);
        if (after > 0) return;
      }
      for (const epoch of this.#kept.epochs(asked)) if (epoch !== this.epoch) this.#past(epoch);
      for (const run of runsOfHistory(page.messages)) yield* this.#run(run, true);
      if (page.more && page.messages.length > 0) return;
      if (page.head > this.head) yield* this.#gap(page.head);
      this.frames.sawFirst(page.first);
    }
    yield* this.#release(asked);
  }

  /** Has the store read, to see whether something is missing. */
  verify(): void {
    if (this.#isKeeping || !this.isKnown) return;
    this.#isKeeping = true;
    this.events.hole();
  }

  /** Takes messages from before the ring, for those who are behind. */
  takeOlder(page: HistoryPage, after: number): void {
    if (page.epoch === this.epoch) {
      this.frames.sawFirst(page.first);
      this.frames.takeOlder(page, after);
    } else if (page.epoch === "") {
      this.frames.sawFirst(this.frames.ringFirst);
    } else {
      this.verify();
    }
  }

  /** Lets go of everything: the room is no more. */
  close(): void {
    this.frames.close();
    this.#kept.take();
  }

  /** @param isAsked Whether the store was asked for what it shows to be missing. */
  *#apply(delivery: LogDelivery, isAsked: boolean): Generator<LogStep> {
    const { epoch, head } = delivery;
    const runs = runsOf(delivery.frames, this.clock.wallMs());
    if (!this.isKnown) {
      // How far the store has got says nothing of what has come here: that may be on its way.
      if (runs.length === 0) return;
      this.isKnown = true;
      this.epoch = epoch;
      this.frames.startAt(runs[0].first - 1);
      this.flushed = this.head;
    }
    if (epoch !== this.epoch) {
      if (this.#pastEpochs.has(epoch)) return;
      if (this.epoch !== "" && !isAsked) return this.#keep(delivery);
      yield* this.#begin(epoch);
    }
    for (const run of runs) {
      if (run.first > this.head + 1 && !isAsked) return this.#keep(delivery);
      yield* this.#run(run, false);
    }
    if (head <= this.head) return;
    if (isAsked) yield* this.#gap(head);
    else this.#keep({ epoch, head, frames: EMPTY });
  }

  /** What a run has beyond the head; a hole before it is a gap. */
  *#run(run: Run, isRead: boolean): Generator<LogStep> {
    if (run.last <= this.head) {
      if (!isRead) this.events.repeated(run.last - run.first + 1);
      return;
    }
    if (run.first > this.head + 1) yield* this.#gap(run.first - 1);
    let rest = run;
    if (run.first <= this.head) {
      const { frames } = cutRun(run, this.head, run.last, Infinity);
      rest = { ...run, first: this.head + 1, frames };
    }
    this.frames.append(rest);
    const push = new EncodedPush(rest.frames, rest.last - rest.first + 1, this.key);
    yield { kind: "frames", push, last: rest.last };
  }

  *#gap(to: number): Generator<LogStep> {
    yield { kind: "flush" };
    const from = this.head + 1;
    this.frames.startAt(to);
    yield { kind: "gap", from, to };
  }

  /** Begins an epoch, with its first message. */
  *#begin(epoch: string): Generator<LogStep> {
    yield { kind: "flush" };
    const before = this.epoch;
    this.epoch = epoch;
    if (before !== "") this.#past(before);
    this.frames.startAt(0);
    this.flushed = 0;
    yield { kind: "epoch" };
  }

  #past(epoch: string): void {
    this.#pastEpochs.add(epoch);
    if (this.#pastEpochs.size <= PAST_EPOCHS_MAX) return;
    const [oldest] = this.#pastEpochs;
    this.#pastEpochs.delete(oldest);
  }

  #keep(delivery: LogDelivery): void {
    this.#kept.add(delivery);
    if (this.#isKeeping) return;
    this.#isKeeping = true;
    this.events.hole();
  }

  /** Applies what was kept, of which the store was asked about the first ones. */
  *#release(asked: number): Generator<LogStep> {
    this.#isKeeping = false;
    for (const [index, delivery] of this.#kept.take().entries()) {
      if (this.#isKeeping) this.#kept.add(delivery);
      else yield* this.#apply(delivery, index < asked);
    }
  }
}
