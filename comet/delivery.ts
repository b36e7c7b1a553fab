import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { WriteOutcome } from "../platform/port.ts";
import { afterFrames } from "../protocol/frame.ts";
import {
  type BroadcastDelivery,
  type Delivery as Item,
  type KeysDelivery,
  NONE_FENCED,
  type RoomDelivery,
} from "../protocol/cluster/contract.ts";
import { type Channel, ChannelState } from "./channel.ts";
import type { CometCounters } from "./counters.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import { LogPositions } from "./log_positions.ts";
import { EncodedPush } from "./encoded_push.ts";
import { PacedBroadcasts } from "./paced_broadcasts.ts";
import type { Membership } from "./room.ts";

const log = getLogger(["halley", "comet"]);

/** Writes batches of pushes to the channels they are for, one batch after the other. */
export class Delivery {
  readonly #paced: PacedBroadcasts;
  readonly #positions = new LogPositions();
  #last: Promise<readonly number[]> = Promise.resolve(NONE_FENCED);
  #writes = 0;

  /** @param slice Writes before the event loop gets a turn. */
  constructor(
    private readonly connections: ConnectionManager,
    private readonly clock: Clock,
    private readonly counters: CometCounters,
    private readonly slice: number,
  ) {
    this.#paced = new PacedBroadcasts(
      connections.channels,
      clock,
      counters,
      (channel, operation, outgoing) => this.#pushAccepted(channel, operation, outgoing),
    );
  }

  /** See {@linkcode CometApi.deliver}; batches that overlap are taken in the order of the calls. */
  deliver(batch: readonly Item[]): Promise<readonly number[]> {
    this.#last = this.#last.then(() => this.#run(batch));
    return this.#last;
  }

  /** Sends what is still to be paced; see {@linkcode PacedBroadcasts.finish}. */
  finish(): Promise<void> {
    return this.#paced.finish();
  }

  /** Drops what is still to be paced. */
  stop(): void {
    this.#paced.stop();
  }

  async #run(batch: readonly Item[]): Promise<readonly number[]> {
    let fenced: Set<number> | undefined;
    for (const item of batch) {
      const seen = this.#positions.seen(item.partition, item.token);
      if (seen === undefined) {
        this.counters.deliveriesFenced++;
        (fenced ??= new Set()).add(item.partition);
        continue;
      }
      try {
        await this.#deliver(item, seen);
      } catch (error) {
        this.#fail(item, error);
      }
      if (this.#writes >= this.slice) await this.#turn();
    }
    this.#positions.commit();
    // Deno writes behind our back: under load the next batch would meet this one in the queues of
    // clients that read well. Behind a small one the turn would cost more than it saves.
    if (this.#writes >= this.slice / 4) await this.#turn();
    return fenced === undefined ? NONE_FENCED : [...fenced];
  }

  /**
   * @param seen Up to which position the partition's pushes were here before.
   * @returns Nothing when everything was written at once.
   */
  #deliver(item: Item, seen: number): Promise<void> | undefined {
    if (item.kind === "room") return this.#room(item, seen);
    this.#positions.passed(item.partition, item.position);
    if (item.position <= seen) {
      this.counters.framesRepeated++;
      return undefined;
    }
    if (item.kind === "keys") return this.#keys(item);
    if (item.speed === 0) return this.#broadcast(item);
    this.#paced.add(item.operation, new EncodedPush(item.frames, 1), item.speed);
    return undefined;
  }

  /** @returns Nothing when the whole room was walked at once. */
  #room(item: RoomDelivery, seen: number): Promise<void> | undefined {
    const { partition, positions } = item;
    this.#positions.passed(partition, positions[positions.length - 1]);
    let repeated = 0;
    while (repeated < positions.length && positions[repeated] <= seen) repeated++;
    this.counters.framesRepeated += repeated;
    const count = positions.length - repeated;
    const room = this.connections.rooms.get(item.room);
    if (room === undefined || count === 0) return undefined;
    const frames = repeated === 0 ? item.frames : afterFrames(item.frames, repeated);
    const outgoing = new EncodedPush(frames, count);
    let walked = false;
    let resolve = () => {};
    const visit = ({ channel }: Membership<Channel>) => this.#push(channel, outgoing);
    room.walk(this.clock, this.slice, visit, (failure) => {
      walked = true;
      if (failure !== undefined) this.#fail(item, failure);
      resolve();
    });
    if (walked) return undefined;
    return new Promise((done) => resolve = done);
  }

  async #keys(item: KeysDelivery): Promise<void> {
    const outgoing = new EncodedPush(item.frames, 1);
    for (const key of item.keys) {
      const bound = this.connections.channels.byKey(key);
      if (bound === undefined) continue;
      if (Array.isArray(bound)) {
        for (const channel of bound) this.#pushAccepted(channel, item.operation, outgoing);
      } else {
        this.#pushAccepted(bound as Channel, item.operation, outgoing);
      }
      if (this.#writes >= this.slice) await this.#turn();
    }
  }

  async #broadcast(item: BroadcastDelivery): Promise<void> {
    const outgoing = new EncodedPush(item.frames, 1);
    const { channels } = this.connections;
    for (let slot = 0; slot < channels.slots; slot++) {
      const channel = channels.at(slot);
      if (channel === undefined) continue;
      this.#pushAccepted(channel, item.operation, outgoing);
      if (this.#writes >= this.slice) await this.#turn();
    }
  }

  #pushAccepted(channel: Channel, operation: number, outgoing: EncodedPush): void {
    if (channel.state !== ChannelState.open || !channel.accepts.includes(operation)) return;
    this.#push(channel, outgoing);
  }

  #push(channel: Channel, outgoing: EncodedPush): void {
    this.#writes++;
    const outcome = this.connections.write(channel, outgoing.bytes(channel.form));
    if (outcome === WriteOutcome.dropped) this.counters.framesDropped += outgoing.count;
    else if (outcome !== WriteOutcome.closed) this.counters.framesPushed += outgoing.count;
  }

  /** Refusing the batch would bring the same item again, and all the others twice. */
  #fail(item: Item, error: unknown): void {
    this.counters.deliveryFailures++;
    log.error("cannot deliver a push by {kind}: {error}", { kind: item.kind, error });
  }

  /** Lets the event loop serve everyone else. */
  #turn(): Promise<void> {
    this.#writes = 0;
    return new Promise((resolve) => this.clock.nextTurn(resolve));
  }
}
