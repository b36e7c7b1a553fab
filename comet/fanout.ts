import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { WriteOutcome } from "../platform/port.ts";
import { afterFrames } from "../protocol/frame.ts";
import type {
  BroadcastDelivery,
  Delivery,
  KeysDelivery,
  RoomDelivery,
} from "../protocol/cluster/delivery.ts";
import { NONE_FENCED } from "../protocol/cluster/comet_calls.ts";
import { type Channel, ChannelState } from "./channel.ts";
import type { CometCounters } from "./counters.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import { LogPositions } from "./log_positions.ts";
import { EncodedPush } from "./format/encoded_push.ts";
import { PacedBroadcasts } from "./paced_broadcasts.ts";
import type { Membership } from "./room.ts";

const log = getLogger(["halley", "comet"]);

/** Writes batches of pushes to the channels they are for, one batch after the other. */
export class Fanout {
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
      (channel, operation, push) => this.#pushAccepted(channel, operation, push),
    );
  }

  /** See {@linkcode CometApi.deliver}; batches that overlap are taken in the order of the calls. */
  deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
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

  async #run(batch: readonly Delivery[]): Promise<readonly number[]> {
    let fenced: Set<number> | undefined;
    for (const delivery of batch) {
      const seen = this.#positions.seen(delivery.partition, delivery.token);
      if (seen === undefined) {
        this.counters.deliveriesFenced++;
        (fenced ??= new Set()).add(delivery.partition);
        continue;
      }
      try {
        await this.#deliver(delivery, seen);
      } catch (error) {
        this.#fail(delivery, error);
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
  #deliver(delivery: Delivery, seen: number): Promise<void> | undefined {
    if (delivery.kind === "room") return this.#room(delivery, seen);
    this.#positions.passed(delivery.partition, delivery.position);
    if (delivery.position <= seen) {
      this.counters.framesRepeated++;
      return undefined;
    }
    if (delivery.kind === "keys") return this.#keys(delivery);
    if (delivery.speed === 0) return this.#broadcast(delivery);
    this.#paced.add(delivery.operation, new EncodedPush(delivery.frames, 1), delivery.speed);
    return undefined;
  }

  /** @returns Nothing when the whole room was walked at once. */
  #room(delivery: RoomDelivery, seen: number): Promise<void> | undefined {
    const { partition, positions } = delivery;
    this.#positions.passed(partition, positions[positions.length - 1]);
    let repeated = 0;
    while (repeated < positions.length && positions[repeated] <= seen) repeated++;
    this.counters.framesRepeated += repeated;
    const count = positions.length - repeated;
    const room = this.connections.rooms.get(delivery.room);
    if (room === undefined || count === 0) return undefined;
    const frames = repeated === 0 ? delivery.frames : afterFrames(delivery.frames, repeated);
    const push = new EncodedPush(frames, count, delivery.room);
    let walked = false;
    let resolve = () => {};
    const visit = (membership: Membership<Channel>) => this.#pushToMember(membership, push);
    room.walk(this.clock, this.slice, visit, (failure) => {
      walked = true;
      if (failure !== undefined) this.#fail(delivery, failure);
      resolve();
    });
    if (walked) return undefined;
    return new Promise((done) => resolve = done);
  }

  async #keys(delivery: KeysDelivery): Promise<void> {
    const push = new EncodedPush(delivery.frames, 1);
    for (const key of delivery.keys) {
      const bound = this.connections.channels.byKey(key);
      if (bound === undefined) continue;
      if (Array.isArray(bound)) {
        for (const channel of bound) this.#pushAccepted(channel, delivery.operation, push);
      } else {
        this.#pushAccepted(bound as Channel, delivery.operation, push);
      }
      if (this.#writes >= this.slice) await this.#turn();
    }
  }

  async #broadcast(delivery: BroadcastDelivery): Promise<void> {
    const push = new EncodedPush(delivery.frames, 1);
    const { channels } = this.connections;
    for (let slot = 0; slot < channels.slots; slot++) {
      const channel = channels.at(slot);
      if (channel === undefined) continue;
      this.#pushAccepted(channel, delivery.operation, push);
      if (this.#writes >= this.slice) await this.#turn();
    }
  }

  #pushAccepted(channel: Channel, operation: number, push: EncodedPush): void {
    if (channel.state !== ChannelState.open || !channel.accepts.includes(operation)) return;
    this.#push(channel, push);
  }

  /** Pushes to a further room name it: the client is in several. */
  #pushToMember(membership: Membership<Channel>, push: EncodedPush): void {
    const { channel } = membership;
    if (channel.primary === membership) this.#push(channel, push);
    else this.#write(channel, push.named(channel.format), push.count);
  }

  #push(channel: Channel, push: EncodedPush): void {
    this.#write(channel, push.bytes(channel.format), push.count);
  }

  #write(channel: Channel, bytes: Uint8Array, count: number): void {
    this.#writes++;
    const outcome = this.connections.write(channel, bytes);
    if (outcome === WriteOutcome.dropped) this.counters.framesDropped += count;
    else if (outcome !== WriteOutcome.closed) this.counters.framesPushed += count;
  }

  /** Refusing the batch would bring the same delivery again, and all the others twice. */
  #fail(delivery: Delivery, error: unknown): void {
    this.counters.deliveryFailures++;
    log.error("cannot deliver a push by {kind}: {error}", { kind: delivery.kind, error });
  }

  /** Lets the event loop serve everyone else. */
  #turn(): Promise<void> {
    this.#writes = 0;
    return new Promise((resolve) => this.clock.nextTurn(resolve));
  }
}
