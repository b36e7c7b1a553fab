import type { Clock } from "../../base/clock.ts";
import { type ConnOwner, QueuedConn } from "../queued_conn.ts";
import { pendingLimit, WriteQueue } from "../write_queue.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Writer, WriteScheduler } from "./write_scheduler.ts";

/** What the connections of a listener, or of a dial, have in common. */
export interface DenoConnOwner<Context> extends ConnOwner<Context> {
  readonly clock: Clock;
  readonly readBuffers: ReadBuffers;
  readonly writeScheduler: WriteScheduler;
}

/** Most bytes of small writes that are put together into one. */
const mergedBytesMax = 64 * 1024;

function isTcp(conn: Deno.TcpConn | Deno.UnixConn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

/**
 * A connection. `Deno.Conn` answers reads and writes by promises only, and writes that overlap
 * corrupt the stream; so there is one of each under way, answered by three functions made once.
 */
export class DenoConn<Context> extends QueuedConn<Context, DenoConnOwner<Context>>
  implements Writer {
  writingSinceMs = 0;
  /** What is left of the write under way. */
  private flight: Uint8Array | null = null;
  /** Whether it waits for its turn to write: what it is to write is in the queue. */
  private scheduled = false;
  private buffer: Uint8Array<ArrayBuffer>;
  private reading = false;
  private paused = false;
  private peerEnded = false;
  private readonly onRead: (count: number | null) => void;
  private readonly onWritten: (count: number) => void;
  private readonly onFailed: () => void;

  constructor(
    private readonly conn: Deno.TcpConn | Deno.UnixConn,
    owner: DenoConnOwner<Context>,
  ) {
    super(owner);
    this.buffer = owner.readBuffers.first();
    this.onRead = this.afterRead.bind(this);
    this.onWritten = this.afterWrite.bind(this);
    this.onFailed = this.evict.bind(this);
    try {
      if (isTcp(conn)) conn.setNoDelay(true);
    } catch {
      // The peer has gone already; the first read says so.
    }
  }

  get remoteAddress(): string {
    return isTcp(this.conn) ? this.conn.remoteAddr.hostname : "unix";
  }

  override get pendingBytes(): number {
    return (this.flight === null ? 0 : this.flight.length) + super.pendingBytes;
  }

  /** Tells the owner and begins to read. */
  start(): void {
    this.tell("open");
    this.read();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.read();
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

  protected shutdown(): void {
    this.conn.closeWrite().then(() => {
      if (this.peerEnded) this.evict();
    }, this.onFailed);
  }

  protected terminate(): void {
    this.flight = null;
    this.owner.writeScheduler.release(this);
    this.owner.readBuffers.release(this.buffer, this.reading);
    this.conn.close();
  }

  private fly(bytes: Uint8Array): void {
    this.writingSinceMs = this.owner.clock.monotonicMs();
    this.flyOn(bytes);
  }

  private flyOn(bytes: Uint8Array): void {
    this.flight = bytes;
    this.conn.write(bytes).then(this.onWritten, this.onFailed);
  }

  private afterWrite(count: number): void {
    if (this.over) return;
    const flight = this.flight!;
    if (count < flight.length) return this.flyOn(flight.subarray(count));
    this.flight = null;
    this.afterFlight();
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

  private read(): void {
    if (this.reading || this.paused || this.peerEnded || this.over) return;
    this.reading = true;
    this.conn.read(this.buffer).then(this.onRead, this.onFailed);
  }

  private afterRead(count: number | null): void {
    this.reading = false;
    if (this.over) return;
    if (count === null) {
      this.peerEnded = true;
      // What is still to be written goes first; then `shutdown` closes.
      if (this.ending && !this.isWriting) this.evict();
      return this.receiveEnd();
    }
    const { buffer, owner } = this;
    this.receive(count === buffer.length ? buffer : buffer.subarray(0, count));
    if (this.over) return;
    this.buffer = owner.readBuffers.next(buffer, count);
    this.read();
  }
}
