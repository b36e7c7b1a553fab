import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { WriteOutcome } from "../../platform/port.ts";
import { type Channel, ChannelState, Feature } from "../channel.ts";
import type { CometCounters } from "../counters.ts";
import { Away, type Membership } from "../room.ts";
import { type EncodedNotice, epochNotice, gapNotice } from "../notices.ts";
import type { LogPage } from "./log_frames.ts";
import type { LoggedRoom } from "./logged_room.ts";

const log = getLogger(["halley", "comet"]);

/** Members of a comet that may be behind at once. */
export const BEHIND_MAX = 100_000;

/** Pages that are written before the event loop gets a turn: some 2 MiB at most. */
const PAGES_PER_TURN = 64;

/** The cursor of a member that is still to be told that the log has begun anew. */
export const BEFORE_EPOCH = -1;

type Member = Membership<Channel>;

/** Dependencies of what serves those who are behind. */
export interface CatchUpDependencies {
  readonly clock: Clock;
  readonly counters: CometCounters;
  write(channel: Channel, bytes: Uint8Array): WriteOutcome;
  /** The room of a membership. */
  logged(key: string): LoggedRoom | undefined;
}

/**
 * Serves members that are behind in their rooms' logs: pages of what they miss, as fast as their
 * sockets take it, until they are live again. One page each in turn, and a limited number before
 * the event loop goes round.
 *
 * Whom a page was written whole goes to the end of the line; who has to wait for its socket comes
 * back with `drained`, who waits for the store with `came`.
 */
export class CatchUp {
  /** Members that are behind. */
  size = 0;
  readonly #line = new Set<Member>();
  #isScheduled = false;

  constructor(private readonly dependencies: CatchUpDependencies) {}

  /** A live member's queue dropped what was behind a cursor: it goes on when that is empty. */
  suspend(logged: LoggedRoom, member: Member, cursor: number): void {
    const isLate = logged.options.slow === "latest" || this.size >= BEHIND_MAX;
    logged.room.suspend(member, isLate ? Away.skipping : Away.behind);
    member.cursor = cursor;
    this.#add(logged, member);
  }

  /** A member that has just joined is to get what is behind a cursor, from the next turn on. */
  start(logged: LoggedRoom, member: Member, cursor: number): void {
    logged.room.suspend(member, Away.behind);
    member.cursor = cursor;
    this.#add(logged, member);
    this.#enqueue(member);
  }

  /** A member that is away leaves. */
  left(logged: LoggedRoom, member: Member): void {
    if (!logged.away.delete(member)) return;
    this.size--;
    this.#line.delete(member);
    logged.waiting.delete(member);
    if (logged.away.size === 0) logged.log.frames.forgetPages();
  }

  /** A channel's queue is empty again. */
  drained({ primary, others }: Channel): void {
    if (primary !== null && primary.index < Away.over) this.#enqueue(primary);
    for (const other of others) if (other.index < Away.over) this.#enqueue(other);
  }

  /** What some members wait for has been read. */
  came({ waiting }: LoggedRoom): void {
    for (const member of waiting) this.#enqueue(member);
    waiting.clear();
  }

  /** The log has begun anew: the cursors are of another epoch. */
  beganAnew({ away }: LoggedRoom): void {
    for (const member of away) {
      member.cursor = BEFORE_EPOCH;
      this.#enqueue(member);
    }
  }

  #add(logged: LoggedRoom, member: Member): void {
    logged.away.add(member);
    this.size++;
    this.dependencies.counters.catchUps++;
  }

  #enqueue(member: Member): void {
    this.#line.add(member);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.dependencies.clock.nextTurn(() => this.#serve());
  }

  #serve(): void {
    let left = PAGES_PER_TURN;
    for (const member of this.#line) {
      this.#line.delete(member);
      try {
        this.#serveOne(member);
      } catch (error) {
        this.dependencies.counters.deliveryFailures++;
        log.error("cannot serve a member that is behind: {error}", { error });
      }
      if (--left === 0) break;
    }
    this.#isScheduled = this.#line.size > 0;
    if (this.#isScheduled) this.dependencies.clock.nextTurn(() => this.#serve());
  }

  #serveOne(member: Member): void {
    const logged = this.dependencies.logged(member.room.key);
    if (logged === undefined || !logged.away.has(member)) return;
    const { log } = logged;
    if (member.cursor === BEFORE_EPOCH) {
      if (!this.notify(member, epochNotice(log.key, log.epoch, log.isFirstEpoch))) return;
      member.cursor = 0;
    }
    log.frames.expire();
    const first = member.index === Away.skipping ? log.flushed + 1 : log.frames.first;
    if (member.cursor + 1 < first && !this.#skip(logged, member, first)) return;
    if (member.cursor >= log.flushed) return this.#resume(logged, member);
    const page = log.frames.page(member.cursor, log.flushed);
    if (page !== undefined) return this.#write(logged, member, page);
    logged.waiting.add(member);
    void logged.reader.readOlder(member.cursor).catch(() => {});
  }

  /** @returns Whether the member may go on. */
  #skip({ log }: LoggedRoom, member: Member, first: number): boolean {
    const to = Math.min(first - 1, log.flushed);
    if (to <= member.cursor) return true;
    if (!this.notify(member, gapNotice(log.key, log.epoch, member.cursor + 1, to))) return false;
    this.dependencies.counters.gaps++;
    member.cursor = to;
    return true;
  }

  #write(logged: LoggedRoom, member: Member, { push, last }: LogPage): void {
    const { channel } = member;
    const { format } = channel;
    const bytes = member === channel.primary ? push.bytes(format) : push.named(format);
    const outcome = this.dependencies.write(channel, bytes);
    if (outcome === WriteOutcome.dropped || outcome === WriteOutcome.closed) return;
    this.dependencies.counters.framesPushed += push.count;
    member.cursor = last;
    if (last >= logged.log.flushed) this.#resume(logged, member);
    else if (outcome === WriteOutcome.sent) this.#enqueue(member);
  }

  #resume(logged: LoggedRoom, member: Member): void {
    this.left(logged, member);
    logged.room.resume(member);
  }

  /**
   * Tells a member something, if its client understands notices.
   *
   * @returns Whether it may go on, since its queue has not dropped the notice.
   */
  notify({ channel }: Member, notice: EncodedNotice): boolean {
    if ((channel.features & Feature.notices) === 0) return true;
    if (channel.state !== ChannelState.open) return true;
    const outcome = this.dependencies.write(channel, notice.bytes(channel.format));
    return outcome !== WriteOutcome.dropped;
  }
}
