import type { Clock } from "../../base/clock.ts";
import { type Channel, ChannelState } from "../channel.ts";

/** Most work that is done for one connection in a turn of the event loop, in frames. */
export const TURN_WORK_MAX = 32;

/** Connections with more to read that are served in a turn: 512 frames, some 4 ms of one core. */
export const TURN_CHANNELS_MAX = 16;

/**
 * Upgrades and auths that are served in a turn: some 2 ms of one core. A crowd that comes all at once
 * waits, and those who are in do not.
 */
export const TURN_NEWCOMERS_MAX = 16;

/** Bytes of a frame that are as much work as the frame itself. */
const WORK_BYTES = 512;

/**
 * Shares the event loop among connections that send faster than they can be served. Each may have a
 * bounded amount of work done in a turn of the event loop; one that has used it up waits in a queue,
 * of which a bounded part is served in each turn. Those that have not authenticated have a queue of
 * their own, since each costs more, and since many may come at once.
 *
 * A turn is noticed only when there is a reason to: after work in plenty, or while somebody waits.
 * So a server whose clients send a frame now and then schedules nothing.
 */
export class ReadScheduler {
  /** The work of a channel counts from here: it grows by a share with each turn. */
  #turnStart = 0;
  /** Frames since the last turn that was noticed. */
  #frames = 0;
  #isTurnDue = false;
  #queue: Channel[] = [];
  #newcomers: Channel[] = [];
  /** Upgrades and auths in this turn. */
  #welcomed = 0;

  constructor(private readonly clock: Clock) {}

  /** Whether a channel has had its share of this turn. */
  hasHadShare(channel: Channel): boolean {
    if (channel.work - this.#turnStart >= TURN_WORK_MAX) return true;
    return this.#welcomed >= TURN_NEWCOMERS_MAX && isNewcomer(channel);
  }

  /** Takes an upgrade or an auth into account. */
  welcome(): void {
    if (++this.#welcomed === TURN_NEWCOMERS_MAX) this.#awaitTurn();
  }

  /**
   * Takes a frame, or bytes that are only thrown away, into account.
   *
   * @param bytes How many, without the frame's header.
   * @returns Whether more may follow in this turn.
   */
  spend(channel: Channel, bytes: number): boolean {
    const work = 1 + Math.floor(bytes / WORK_BYTES);
    channel.work = Math.max(channel.work, this.#turnStart) + work;
    if (++this.#frames >= TURN_WORK_MAX) this.#awaitTurn();
    return !this.hasHadShare(channel);
  }

  /** Resumes a channel in a later turn. */
  wait(channel: Channel): void {
    if (channel.isQueued) return;
    channel.isQueued = true;
    (isNewcomer(channel) ? this.#newcomers : this.#queue).push(channel);
    this.#awaitTurn();
  }

  #awaitTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.clock.nextTurn(this.#turn);
  }

  #turn = (): void => {
    this.#isTurnDue = false;
    this.#frames = this.#welcomed = 0;
    this.#turnStart += TURN_WORK_MAX;
    this.#serve(this.#queue.splice(0, TURN_CHANNELS_MAX));
    this.#serve(this.#newcomers.splice(0, TURN_NEWCOMERS_MAX));
    if (this.#queue.length + this.#newcomers.length > 0) this.#awaitTurn();
  };

  #serve(channels: readonly Channel[]): void {
    for (const channel of channels) {
      channel.isQueued = false;
      channel.transport.resume(channel);
    }
  }
}

function isNewcomer({ state }: Channel): boolean {
  return state === ChannelState.handshaking;
}
