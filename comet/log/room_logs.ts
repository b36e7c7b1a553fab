import { CancellableDelay } from "../../base/cancellable_delay.ts";
import type { Clock } from "../../base/clock.ts";
import type { WriteOutcome } from "../../platform/port.ts";
import type { LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type { RoomTypes } from "../../protocol/room_options.ts";
import type { Channel } from "../channel.ts";
import type { CometCounters } from "../counters.ts";
import type { CometOptions } from "../options.ts";
import type { Membership } from "../room.ts";
import type { Rooms } from "../rooms.ts";
import { BEHIND_MAX, CatchUp } from "./catch_up.ts";
import { HistoryReads } from "./history_reads.ts";
import { LogMemory } from "./log_memory.ts";
import { LogReader, type LogReaderDependencies } from "./log_reader.ts";
import type { LoggedRoom } from "./logged_room.ts";
import type { LogStep } from "./log_step.ts";
import { RoomLog } from "./room_log.ts";
import { isOfEpoch, type Joined, type JoinFrom, startOf, withoutHistory } from "./start.ts";
import { Verifier } from "./verifier.ts";

/** For how long it holds which messages the store has, in milliseconds. */
const FIRST_MS = 1_000;

/** Dependencies of the logs of a comet. */
export interface RoomLogsDependencies {
  readonly rooms: Rooms<Channel>;
  readonly roomTypes: RoomTypes;
  readonly logic: Pick<LogicApi, "readHistory">;
  readonly clock: Clock;
  /** What reads, and the clients that wait for them, are judged by. */
  readonly running: Clock;
  readonly options: CometOptions;
  readonly counters: CometCounters;
  write(channel: Channel, bytes: Uint8Array): WriteOutcome;
}

/** The logs of the rooms that keep history. */
export class RoomLogs {
  readonly reads: HistoryReads;
  readonly memory: LogMemory;
  readonly catchUp: CatchUp;
  /** Called with a room that has ended. */
  ended: (roomKey: string) => void = () => {};
  /** Carries steps of a room out, behind all that is being pushed. */
  perform: (logged: LoggedRoom, steps: () => Iterable<LogStep>) => Promise<void> = () =>
    Promise.resolve();
  /** Flushes a room, behind all that is being pushed. */
  flush: (logged: LoggedRoom) => Promise<void> = () => Promise.resolve();
  readonly #logs = new Map<string, LoggedRoom>();
  /** Those that may have no members. */
  readonly #empty = new Set<LoggedRoom>();
  readonly #verifier: Verifier;
  readonly #readerDependencies: LogReaderDependencies;
  readonly #delay: CancellableDelay;

  constructor(private readonly dependencies: RoomLogsDependencies) {
    const { logic, clock, running, options, counters, write } = dependencies;
    this.reads = new HistoryReads(logic, running, counters);
    this.memory = new LogMemory(options, counters);
    this.catchUp = new CatchUp({ clock, counters, write, logged: (key) => this.get(key) });
    this.#delay = new CancellableDelay(clock);
    const { reads } = this;
    this.#verifier = new Verifier({
      reads,
      delay: this.#delay,
      perform: (logged, steps) => this.perform(logged, steps),
    });
    this.#readerDependencies = { reads, clock: running, delay: this.#delay, options };
  }

  /** The room of this key, where it keeps history and is here. */
  get(key: string): LoggedRoom | undefined {
    return this.#logs.get(key);
  }

  /** All rooms that keep history. */
  all(): Iterable<LoggedRoom> {
    return this.#logs.values();
  }

  /**
   * Makes the log of a room that jobs know of ready for a member.
   *
   * @returns Nothing when it is.
   * @throws {Error} By its promise, when the store cannot be read.
   */
  prepare(key: string, from: JoinFrom): Promise<void> | undefined {
    const logged = this.open(key);
    if (logged === undefined || this.#needOf(logged, from) === undefined) return undefined;
    return this.#ready(logged, from);
  }

  /** Where a member begins that is to join, or has. */
  start(logged: LoggedRoom, member: Membership<Channel>, from: JoinFrom): Joined {
    const { log } = logged;
    if (!log.isKnown) return withoutHistory(from);
    log.frames.expire();
    const start = startOf(log, from);
    if (start.missed === 0) return start;
    if (this.catchUp.size >= BEHIND_MAX) {
      this.dependencies.counters.catchUpsRefused++;
      return { ...start, recovered: false, missed: 0 };
    }
    this.catchUp.start(logged, member, start.offset - start.missed);
    return start;
  }

  /** Where a member stands already. */
  standing({ room: { key }, cursor, index }: Membership<Channel>): Joined {
    const log = this.get(key)?.log;
    if (log === undefined || !log.isKnown) return withoutHistory({});
    const { epoch, flushed: offset } = log;
    return {
      epoch,
      offset,
      recovered: true,
      missed: index >= 0 ? 0 : offset - Math.max(0, cursor),
    };
  }

  /** A member leaves; to be called before its membership ends. */
  left(member: Membership<Channel>): void {
    const { room, index } = member;
    const logged = room.isKept ? this.get(room.key) : undefined;
    if (logged === undefined) return;
    if (index < 0) this.catchUp.left(logged, member);
    if (room.size > 1) return;
    logged.isIdle = false;
    this.#empty.add(logged);
  }

  /** The room with its log, which is made when the room's type keeps history. */
  open(key: string): LoggedRoom | undefined {
    const known = this.#logs.get(key);
    if (known !== undefined) return known;
    const { rooms, roomTypes, clock, counters } = this.dependencies;
    const options = roomTypes.of(key);
    if (options.historySize === 0) return undefined;
    // Whose type keeps history since a moment ago: it begins to when it has been empty.
    if (rooms.get(key)?.isKept === false) return undefined;
    const room = rooms.open(key);
    room.isKept = true;
    const log: RoomLog = new RoomLog(key, options, this.memory, clock, {
      hole: () => {
        counters.holes++;
        logged.reader.repair().catch(() => {});
      },
      repeated: (count) => counters.framesRepeated += count,
    });
    const reader: LogReader = new LogReader(log, this.#readerDependencies, {
      perform: (steps) => this.perform(logged, steps),
      olderCame: () => this.catchUp.came(logged),
    });
    const logged: LoggedRoom = {
      room,
      options,
      log,
      reader,
      away: new Set(),
      waiting: new Set(),
      joining: 0,
      isIdle: false,
    };
    this.#logs.set(key, logged);
    this.#empty.add(logged);
    return logged;
  }

  /** Ends rooms that have been without members for a while; to be called every tick. */
  tick(): void {
    for (const logged of this.#empty) {
      if (logged.room.size > 0) this.#empty.delete(logged);
      else if (logged.joining > 0) logged.isIdle = false;
      else if (logged.isIdle) this.#end(logged);
      else logged.isIdle = true;
    }
  }

  /** Compares every log with the store, since something may be missing. */
  verify(): void {
    this.#verifier.verify(this.#logs.values());
  }

  /** What holds for rooms has changed. */
  reconfigured(): void {
    const { roomTypes } = this.dependencies;
    for (const logged of this.#logs.values()) {
      logged.options = roomTypes.of(logged.room.key);
      logged.log.frames.reconfigure(logged.options);
    }
  }

  /** Reads nothing any more. */
  stop(): void {
    this.#delay.cancel();
  }

  #end(logged: LoggedRoom): void {
    const { key } = logged.room;
    this.#logs.delete(key);
    this.#empty.delete(logged);
    this.#verifier.forget(logged);
    logged.log.close();
    logged.reader.close();
    this.dependencies.rooms.remove(logged.room);
    this.ended(key);
  }

  async #ready(logged: LoggedRoom, from: JoinFrom): Promise<void> {
    const { log, reader } = logged;
    logged.joining++;
    try {
      for (let isVerified = false;;) {
        const need = this.#needOf(logged, from);
        if (need === "load") await reader.load();
        else if (need === "flush") await this.flush(logged);
        else if (need === "older") await reader.readOlder(Math.max(0, afterOf(log, from)));
        else if (need === "verify" && !isVerified) {
          // What is under way may have been read too early.
          isVerified = !log.isKeeping;
          log.verify();
          await reader.repair();
        } else return;
      }
    } finally {
      logged.joining--;
      logged.isIdle = false;
    }
  }

  /** What has to be done before a member may begin somewhere. */
  #needOf({ log, reader }: LoggedRoom, from: JoinFrom) {
    if (!log.isLoaded) return "load";
    const { since } = from;
    // Another comet may have been faster than this one.
    if (since !== undefined && !isOfEpoch(since, log)) return "verify";
    if (since !== undefined && since.offset > log.flushed) {
      return since.offset <= log.head ? "flush" : "verify";
    }
    const next = Math.max(afterOf(log, from) + 1, log.frames.first);
    const isFresh = this.dependencies.running.monotonicMs() - reader.readMs < FIRST_MS;
    return next < log.frames.ringFirst && !isFresh ? "older" : undefined;
  }
}

/** The offset behind which a member wants messages. */
function afterOf(log: RoomLog, { since, last = 0 }: JoinFrom): number {
  return since === undefined ? log.flushed - last : since.offset;
}
