import type { Lease, PushEntry } from "../drivers/ports.ts";
import { encodeFrame } from "../protocol/frame.ts";
import type { PushMessage } from "../protocol/push_message.ts";
import { PUSH_OVERHEAD_BYTES } from "./options.ts";

/** Hears that the lanes are done with entries of a partition. */
export interface AckTracker {
  /** The lease under which the entries were taken. */
  readonly lease: Lease;
  /** To be called once for an entry, when the last lane is done with it. */
  ack(position: number): void;
  /** A comet has seen a later lease of the partition. */
  fenced(): void;
}

/** A push on its way through the lanes. They share its bytes. */
export class LanePush {
  readonly position: number;
  readonly message: PushMessage;
  readonly frame: Uint8Array;
  /** What it costs to keep, in bytes. */
  readonly costBytes: number;
  /** Connections per second on each comet, when it is a broadcast; 0 = at once. */
  readonly speed: number;

  /**
   * @param lanes How many lanes take it, at least 1.
   * @param acks Hears when all of them are done.
   */
  constructor(
    { position, message }: PushEntry,
    private lanes: number,
    private readonly acks: AckTracker,
  ) {
    this.position = position;
    this.message = message;
    const offset = message.kind === "room" ? message.stream?.offset ?? 0 : 0;
    this.frame = encodeFrame(message.operation, offset, message.body);
    this.costBytes = PUSH_OVERHEAD_BYTES + this.frame.length + keyBytes(message);
    // Rounded up: a comet's share must not become 0, which means at once.
    this.speed = message.kind === "broadcast" ? Math.ceil(message.speed / lanes) : 0;
  }

  /** The lease under which it was taken. */
  get lease(): Lease {
    return this.acks.lease;
  }

  /** One lane is done with it; to be called exactly once by each. */
  ack(): void {
    if (--this.lanes === 0) this.acks.ack(this.position);
  }

  /** A comet has seen a later lease of its partition: whoever holds that will deliver it. */
  fenced(): void {
    this.acks.fenced();
  }
}

function keyBytes(message: PushMessage): number {
  if (message.kind !== "keys") return 0;
  let bytes = 0;
  for (const key of message.keys) bytes += 2 * key.length;
  return bytes;
}
