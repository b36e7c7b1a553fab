import { CancellableDelay } from "../base/cancellable_delay.ts";
import type { Clock } from "../base/clock.ts";
import type { StreamPosition } from "../protocol/history.ts";
import { encodePushBody } from "./checkers/push_body.ts";
import type { LoggedPushes } from "./types.ts";

/**
 * Sends one push to a room.
 *
 * @returns Whether it was answered with code 0, or where it stands in the room's log then; it may
 * reject as well when it was not.
 */
export type SendPush = (room: number, body: Uint8Array) => Promise<StreamPosition | boolean>;

interface PusherDependencies {
  readonly send: SendPush;
  /** Tells the pushes of this run from those of others. */
  readonly tag: number;
  readonly size: number;
  readonly rooms: number;
  readonly clock: Clock;
}

/** How long what is due may take to be sent once pushes have stopped, in milliseconds. */
const LAST_MS = 30_000;

/** The pushes to one room: one after the other, so that their order is defined. */
class RoomPusher implements LoggedPushes {
  last = 0;
  readonly failed: number[] = [];
  readonly sentMs: number[] = [];
  readonly answeredMs: number[] = [];
  readonly offsets: number[] = [];
  readonly epochs: { from: number; epoch: string }[] = [];
  /** When the pushes that wait were due. */
  readonly #due: number[] = [];
  readonly #parts: PusherDependencies;
  readonly #pusher: Pusher;
  #running: Promise<void> | undefined;

  constructor(readonly room: number, pusher: Pusher, parts: PusherDependencies) {
    [this.#pusher, this.#parts] = [pusher, parts];
  }

  push(dueMs: number): void {
    this.#pusher.due++;
    this.#due.push(dueMs);
    this.#running ??= this.#run().finally(() => this.#running = undefined);
  }

  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  /** Sends nothing more of what waits. */
  giveUp(): void {
    this.#pusher.unsent += this.#due.length;
    this.#due.length = 0;
  }

  async #run(): Promise<void> {
    const { send, tag, size, clock } = this.#parts;
    for (let dueMs = this.#due.shift(); dueMs !== undefined; dueMs = this.#due.shift()) {
      const { room } = this;
      const sequence = ++this.last;
      this.#pusher.sent++;
      this.sentMs.push(clock.wallMs());
      const body = encodePushBody({ tag, room, sequence, dueMs, size });
      const answer = await send(room, body).catch(() => false);
      this.#stands(sequence, answer);
      if (answer === false) {
        this.failed.push(sequence);
        this.#pusher.failed++;
        if (this.#pusher.ending) this.giveUp();
      }
      this.answeredMs.push(clock.wallMs());
    }
  }

  /** Notes where a push stands in the room's log. */
  #stands(sequence: number, answer: StreamPosition | boolean): void {
    if (typeof answer === "boolean") return void this.offsets.push(0);
    const { epoch, offset } = answer;
    this.offsets.push(offset);
    if (this.epochs.at(-1)?.epoch !== epoch) this.epochs.push({ from: sequence, epoch });
  }
}

/** Pushes at a steady rate over all rooms in turn, whether the answers come or not. */
export class Pusher {
  /** Pushes that were due so far, sent or not. */
  due = 0;
  sent = 0;
  /** Pushes that were not accepted. */
  failed = 0;
  /** Pushes that were due, and never sent since those before them took too long. */
  unsent = 0;
  /** Whether no more come due, and what still waits is given up when one fails. */
  ending = false;
  readonly #rooms: RoomPusher[];
  readonly #clock: Clock;
  #stopped = true;
  #loop: Promise<void> = Promise.resolve();
  #next = 0;
  /** Until the next push. */
  #delay: CancellableDelay;

  constructor(parts: PusherDependencies) {
    this.#clock = parts.clock;
    this.#delay = new CancellableDelay(parts.clock);
    this.#rooms = Array.from(
      { length: parts.rooms },
      (_, room) => new RoomPusher(room, this, parts),
    );
  }

  /** What was pushed to each room. */
  get pushes(): readonly LoggedPushes[] {
    return this.#rooms;
  }

  /** @param rate Pushes per second. */
  start(rate: number): void {
    this.#stopped = false;
    this.#delay = new CancellableDelay(this.#clock);
    this.ending = false;
    this.#loop = rate === 0 ? Promise.resolve() : this.#run(rate);
  }

  /** Pushes to one room at once, unless pushes have stopped. */
  push(room: number): void {
    if (!this.#stopped) this.#rooms[room].push(this.#clock.wallMs());
  }

  /**
   * Pushes no more and settles when all have been answered. What still waits is sent, unless that
   * takes too long, or pushes fail.
   */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#delay.cancel();
    await this.#loop;
    this.ending = true;
    const giveUp = this.#clock.setTimeout(() => {
      for (const room of this.#rooms) room.giveUp();
    }, LAST_MS);
    for (const room of this.#rooms) await room.idle();
    this.#clock.cancel(giveUp);
  }

  async #run(rate: number): Promise<void> {
    const startMs = this.#clock.wallMs();
    for (let index = 0; !this.#stopped; index++) {
      const dueMs = startMs + index * 1_000 / rate;
      const waitMs = dueMs - this.#clock.wallMs();
      // Bun cuts fractions of a millisecond off: a push must not leave before it is due.
      if (waitMs > 0) await this.#delay.wait(Math.ceil(waitMs));
      if (this.#stopped) return;
      this.#rooms[this.#next++ % this.#rooms.length].push(dueMs);
    }
  }
}
