import { getLogger } from "@logtape/logtape";
import type { TimerHandle } from "../base/clock.ts";
import { WriteOutcome } from "../platform/port.ts";
import { concatFrames } from "../protocol/frame.ts";
import { Limits } from "../protocol/limits.ts";
import type { RoomOptions } from "../protocol/room_options.ts";
import type { Channel } from "./channel.ts";
import type { CometCounters } from "./counters.ts";
import { EncodedPush } from "./format/encoded_push.ts";
import { BEFORE_EPOCH } from "./log/catch_up.ts";
import { type EncodedNotice, epochNotice, gapNotice } from "./notices.ts";
import type { LoggedRoom } from "./log/logged_room.ts";
import type { LogStep } from "./log/log_step.ts";
import type { RoomLogs } from "./log/room_logs.ts";
import type { Membership, Room } from "./room.ts";
import type { WriteTurns } from "./write_turns.ts";

const log = getLogger(["halley", "comet"]);

/** What waits for the end of a room's merge window. */
class Outbox {
  bytes = 0;
  count = 0;
  /** Offset of the last frame, where the room keeps history. */
  last: number | undefined;
  readonly pieces: Uint8Array[] = [];

  add({ frames, count }: EncodedPush, last: number | undefined): void {
    this.pieces.push(frames);
    this.bytes += frames.length;
    this.count += count;
    this.last = last ?? this.last;
  }
}

/** A merge window that is open: a room was written to, and is not again before it ends. */
interface MergeWindow {
  readonly lengthMs: number;
  timer: TimerHandle;
  outbox: Outbox | undefined;
}

/** Writes to the live members of rooms, in the tasks of {@linkcode WriteTurns}. */
export class RoomPushes {
  /** By the rooms that were written to just now. There is no timer for any other. */
  readonly #windows = new Map<Room<Channel>, MergeWindow>();

  constructor(
    private readonly turns: WriteTurns,
    private readonly logs: RoomLogs,
    private readonly counters: CometCounters,
    private readonly write: (channel: Channel, bytes: Uint8Array) => WriteOutcome,
  ) {
    logs.perform = (logged, steps) => turns.run(() => this.perform(logged, steps()));
    logs.flush = ({ room }) => turns.run(async () => await this.#flush(room));
  }

  /**
   * Writes a push to a room, or lets it wait for the end of the room's merge window.
   *
   * @param last Offset of its last frame, where it is in the room's log.
   * @returns Nothing when there is nothing to wait for.
   */
  push(
    room: Room<Channel>,
    { mergeWindowMs }: RoomOptions,
    push: EncodedPush,
    last?: number,
  ): Promise<void> | undefined {
    const window = this.#windows.get(room);
    if (window === undefined) {
      if (mergeWindowMs > 0) this.#open(room, mergeWindowMs);
      return this.#frames(room, push, last);
    }
    const waitingBytes = window.outbox?.bytes ?? 0;
    const isFull = waitingBytes + push.frames.length > Limits.roomBatchBytesMax;
    const flushed = isFull ? this.#flush(room) : undefined;
    if (flushed !== undefined) return flushed.then(() => this.#wait(window, push, last));
    this.#wait(window, push, last);
    return undefined;
  }

  /** Carries out what a log says is next. */
  async perform(logged: LoggedRoom, steps: Iterable<LogStep>): Promise<void> {
    // The room may have ended while this waited for its turn: nothing is added to its log then.
    if (this.logs.get(logged.room.key) !== logged) return;
    for (const step of steps) {
      const done = this.#step(logged, step);
      if (done !== undefined) await done;
    }
  }

  /** Writes all that waits, and nothing waits any more. */
  async finish(): Promise<void> {
    for (const room of [...this.#windows.keys()]) {
      await this.turns.run(async () => {
        await this.#flush(room);
        this.#close(room);
      });
    }
  }

  #step(logged: LoggedRoom, step: LogStep): Promise<void> | undefined {
    const { room, log, options } = logged;
    switch (step.kind) {
      case "frames":
        return this.push(room, options, step.push, step.last);
      case "flush":
        return this.#flush(room);
      case "gap": {
        const notice = gapNotice(room.key, log.epoch, step.from, step.to);
        const before = log.flushed;
        log.flushed = step.to;
        this.counters.gaps++;
        return this.#notify(logged, notice, before);
      }
      case "epoch":
        if (!log.isFirstEpoch) this.counters.epochChanges++;
        this.logs.catchUp.beganAnew(logged);
        return this.#notify(
          logged,
          epochNotice(room.key, log.epoch, log.isFirstEpoch),
          BEFORE_EPOCH,
        );
    }
  }

  #notify(
    logged: LoggedRoom,
    notice: EncodedNotice,
    before: number,
  ): Promise<void> | undefined {
    const { catchUp } = this.logs;
    return this.#walk(logged.room, (member) => {
      this.turns.writes++;
      if (!catchUp.notify(member, notice)) catchUp.suspend(logged, member, before);
    });
  }

  #frames(room: Room<Channel>, push: EncodedPush, last?: number): Promise<void> | undefined {
    const logged = last === undefined ? undefined : this.logs.get(room.key);
    // The room may have ended, and another one have its key.
    if (logged !== undefined && logged.room !== room) return undefined;
    if (logged === undefined || logged.options.slow === "drop") {
      if (logged !== undefined) logged.log.flushed = last!;
      return this.#walk(room, (member) => {
        if (this.#write(member, push)) return;
        this.counters.framesDropped += push.count;
      });
    }
    const before = logged.log.flushed;
    logged.log.flushed = last!;
    return this.#walk(room, (member) => {
      if (!this.#write(member, push)) this.logs.catchUp.suspend(logged, member, before);
    });
  }

  /** @returns Whether the member's queue did not drop it. */
  #write(member: Membership<Channel>, push: EncodedPush): boolean {
    const { channel } = member;
    const { format } = channel;
    this.turns.writes++;
    const bytes = member === channel.primary ? push.bytes(format) : push.named(format);
    const outcome = this.write(channel, bytes);
    if (outcome === WriteOutcome.dropped) return false;
    if (outcome !== WriteOutcome.closed) this.counters.framesPushed += push.count;
    return true;
  }

  #walk(
    room: Room<Channel>,
    visit: (member: Membership<Channel>) => void,
  ): Promise<void> | undefined {
    let walked = false;
    let resolve = () => {};
    room.walk(this.turns.clock, this.turns.slice, visit, (failure) => {
      walked = true;
      if (failure !== undefined) {
        this.counters.deliveryFailures++;
        log.error("cannot deliver a push by room: {error}", { error: failure });
      }
      resolve();
    });
    if (walked) return undefined;
    return new Promise((done) => resolve = done);
  }

  #wait(window: MergeWindow, push: EncodedPush, last?: number): void {
    (window.outbox ??= new Outbox()).add(push, last);
  }

  #open(room: Room<Channel>, lengthMs: number): void {
    const timer = this.#timer(room, lengthMs);
    this.#windows.set(room, { lengthMs, timer, outbox: undefined });
  }

  #timer(room: Room<Channel>, lengthMs: number): TimerHandle {
    return this.turns.clock.setTimeout(() => {
      void this.turns.run(async () => {
        if (this.#windows.get(room)?.outbox === undefined) this.#close(room);
        else await this.#flush(room);
      });
    }, lengthMs);
  }

  #close(room: Room<Channel>): void {
    const window = this.#windows.get(room);
    if (window === undefined) return;
    this.turns.clock.cancel(window.timer);
    this.#windows.delete(room);
  }

  /** Writes what waits in a room, and begins its window anew. */
  #flush(room: Room<Channel>): Promise<void> | undefined {
    const window = this.#windows.get(room);
    if (window?.outbox === undefined) return undefined;
    const { pieces, count, last } = window.outbox;
    window.outbox = undefined;
    this.turns.clock.cancel(window.timer);
    window.timer = this.#timer(room, window.lengthMs);
    return this.#frames(room, new EncodedPush(concatFrames(pieces), count, room.key), last);
  }
}
