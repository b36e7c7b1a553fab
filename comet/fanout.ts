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
import type { DeliveryProbe } from "./delivery_probe.ts";
import { LogPositions } from "./log_positions.ts";
import { EncodedPush } from "./format/encoded_push.ts";
import { PacedBroadcasts } from "./paced_broadcasts.ts";

const log = getLogger(["halley", "comet"]);

/** Whether it only says how far a room's log has got. */
function isWithoutPushes(delivery: Delivery): boolean {
  return delivery.kind === "room" && delivery.positions.length === 0;
}

/** Writes batches of pushes to the channels they are for, one batch after the other. */
export class Fanout {
  readonly #paced: PacedBroadcasts;
  readonly #positions = new LogPositions();

  constructor(
    private readonly connections: ConnectionManager,
    private readonly clock: Clock,
    private readonly counters: CometCounters,
    private readonly probe: Pick<DeliveryProbe, "room" | "returned">,
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
    return this.connections.turns.run(() => this.#run(batch));
  }

  /** Sends what waits in rooms, and what is still to be paced; see {@linkcode PacedBroadcasts.finish}. */
  async finish(): Promise<void> {
    await Promise.all([this.connections.roomPushes.finish(), this.#paced.finish()]);
  }

  /** Drops what is still to be paced. */
  stop(): void {
    this.#paced.stop();
  }

  async #run(batch: readonly Delivery[]): Promise<readonly number[]> {
    const { turns } = this.connections;
    let fenced: Set<number> | undefined;
    for (const delivery of batch) {
      // Where no push is there is none to be refused: the log reads the store, whoever says so.
      const seen = isWithoutPushes(delivery)
        ? -1
        : this.#positions.seen(delivery.partition, delivery.token);
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
      if (turns.writes >= turns.slice) await turns.turn();
    }
    this.#positions.commit();
    // Deno writes behind our back: under load the next batch would meet this one in the queues of
    // clients that read well. Behind a small one the turn would cost more than it saves.
    if (turns.writes >= turns.slice / 4) await turns.turn();
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

  /** @returns Nothing when there is nothing to wait for. */
  #room(delivery: RoomDelivery, seen: number): Promise<void> | undefined {
    const { partition, positions, epoch, head, room: key } = delivery;
    const { rooms, roomTypes, roomPushes, logs } = this.connections;
    let repeated = 0;
    while (repeated < positions.length && positions[repeated] <= seen) repeated++;
    this.counters.framesRepeated += repeated;
    const count = positions.length - repeated;
    if (positions.length > 0) this.#positions.passed(partition, positions[positions.length - 1]);
    if (count === 0 && positions.length > 0) return undefined;
    const frames = repeated === 0 ? delivery.frames : afterFrames(delivery.frames, repeated);
    if (epoch !== "" && key === "") return void logs.verify();
    const logged = epoch === "" ? undefined : logs.get(key);
    if (logged !== undefined) {
      return roomPushes.perform(logged, logged.log.take({ epoch, head, frames }));
    }
    if (count === 0) return undefined;
    const room = rooms.get(key);
    if (room === undefined) {
      if (key === this.probe.room) this.probe.returned(partition, frames);
      return undefined;
    }
    return roomPushes.push(room, roomTypes.of(key), new EncodedPush(frames, count, key));
  }

  async #keys(delivery: KeysDelivery): Promise<void> {
    const { turns, channels } = this.connections;
    const push = new EncodedPush(delivery.frames, 1);
    for (const key of delivery.keys) {
      const bound = channels.byKey(key);
      if (bound === undefined) continue;
      if (Array.isArray(bound)) {
        for (const channel of bound) this.#pushAccepted(channel, delivery.operation, push);
      } else {
        this.#pushAccepted(bound as Channel, delivery.operation, push);
      }
      if (turns.writes >= turns.slice) await turns.turn();
    }
  }

  async #broadcast(delivery: BroadcastDelivery): Promise<void> {
    const push = new EncodedPush(delivery.frames, 1);
    const { turns, channels } = this.connections;
    for (let slot = 0; slot < channels.slots; slot++) {
      const channel = channels.at(slot);
      if (channel === undefined) continue;
      this.#pushAccepted(channel, delivery.operation, push);
      if (turns.writes >= turns.slice) await turns.turn();
    }
  }

  #pushAccepted(channel: Channel, operation: number, push: EncodedPush): void {
    if (channel.state !== ChannelState.open || !channel.accepts.includes(operation)) return;
    this.#push(channel, push);
  }

  #push(channel: Channel, push: EncodedPush): void {
    this.connections.turns.writes++;
    const outcome = this.connections.write(channel, push.bytes(channel.format));
    if (outcome === WriteOutcome.dropped) this.counters.framesDropped += push.count;
    else if (outcome !== WriteOutcome.closed) this.counters.framesPushed += push.count;
  }

  /** Refusing the batch would bring the same delivery again, and all the others twice. */
  #fail(delivery: Delivery, error: unknown): void {
    this.counters.deliveryFailures++;
    log.error("cannot deliver a push by {kind}: {error}", { kind: delivery.kind, error });
  }
}
