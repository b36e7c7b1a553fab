import type { Clock } from "../../base/clock.ts";
import { type ConnOwner, QueuedConn } from "../queued_conn.ts";
import { pendingLimit, WriteQueue } from "../write_queue.ts";
import type { Writer, WriteScheduler } from "./write_scheduler.ts";

/** What the connections of a listener, or of a dial, have in common where writes are in flight. */
export interface FlightOwner<Context> extends ConnOwner<Context> {
  readonly clock: Clock;
  readonly writeScheduler: WriteScheduler;
}

/** Most bytes of small writes that are put together into one. */
const mergedBytesMax = 64 * 1024;

/** A connection whose runtime says later that it has taken a write: one is under way at a time. */
export abstract class FlightConn<Context, Owner extends FlightOwner<Context> = FlightOwner<Context>>
  extends QueuedConn<Context, Owner>
  implements Writer {
  writingSinceMs = 0;
  /** What is left of the write under way. */
  protected flight: Uint8Array | null = null;
  /** Whether it waits for its turn to write: what it is to write is in the queue. */
  private scheduled = false;

  /** Begins to write; `afterWrite` comes when that is done. */
  protected abstract beginWrite(bytes: Uint8Array): void;

  override get pendingBytes(): number {
    return (this.flight === null ? 0 : this.flight.length) + super.pendingBytes;
  }

  /** What waited leaves as one. */
  writeQueued(): void {
    this.scheduled = false;
    if (this.over || this.queue === null) return this.afterFlight();
    this.fly(this.queue.takeMerged(mergedBytesMax));
    if (this.queue.bytes > 0) return;
    // Under load there may always be a write under way: the queue is empty when nothing is behind.
    this.queue = null;
    this.drained();
  }

  protected override get isWriting(): boolean {
    return this.flight !== null || this.scheduled;
  }

  protected override fits(length: number): boolean {
    if (super.fits(length)) return true;
    const { pendingBytesMax, clock } = this.owner;
    // Waiting for its turn is not its peer's doing.
    const underWayMs = this.scheduled ? 0 : clock.monotonicMs() - this.writingSinceMs;
    return this.pendingBytes + length <= pendingLimit(pendingBytesMax, underWayMs);
  }

  /** Takes everything while nothing is under way, if only to let it leave in its turn. */
  protected writeSome(bytes: Uint8Array): number {
    if (this.isWriting) return 0;
    if (this.owner.writeScheduler.acquire(this)) this.fly(bytes);
    else {
      this.scheduled = true;
      this.queue = new WriteQueue();
      this.queue.push(bytes);
    }
    return bytes.length;
  }

  protected terminate(): void {
    this.flight = null;
    this.owner.writeScheduler.release(this);
  }

  /** The runtime has taken so many bytes of the write under way. */
  protected afterWrite(count: number): void {
    if (this.over) return;
    const flight = this.flight!;
    if (count < flight.length) return this.flyOn(flight.subarray(count));
    this.flight = null;
    this.afterFlight();
  }

  private fly(bytes: Uint8Array): void {
    this.writingSinceMs = this.owner.clock.monotonicMs();
    this.flyOn(bytes);
  }

  private flyOn(bytes: Uint8Array): void {
    this.flight = bytes;
    this.beginWrite(bytes);
  }

  /** Nothing is being written: lets others write, and goes on behind them when there is more. */
  private afterFlight(): void {
    this.owner.writeScheduler.release(this);
    if (this.over) return;
    if (this.queue === null) {
      if (this.ending) this.shutdown();
      this.drained();
    } else if (this.owner.writeScheduler.acquire(this)) {
      this.writeQueued();
    } else {
      this.scheduled = true;
    }
  }
}
