import type { Clock } from "../../base/clock.ts";
import { reportHandlerFault } from "../faults.ts";
import { type Conn, type ConnHandler, WriteOutcome } from "../port.ts";
import { pendingLimit, WriteQueue } from "../write_queue.ts";
import type { ReadBuffers } from "./read_buffers.ts";
import type { Writer, WriteScheduler } from "./write_scheduler.ts";

/** What the connections of a listener, or of a dial, have in common. */
export interface Owner<Context> {
  readonly handler: ConnHandler<Context>;
  readonly pendingBytesMax: number;
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
export class DenoConn<Context> implements Conn<Context>, Writer {
  context = undefined as Context;
  /** What is left of the write under way. */
  private flight: Uint8Array | null = null;
  writingSinceMs = 0;
  /** Whether it waits for its turn to write: what it is to write is in the queue. */
  private inLine = false;
  /** Null while nothing waits behind the write under way. */
  private queue: WriteQueue | null = null;
  private buffer: Uint8Array<ArrayBuffer>;
  private reading = false;
  private paused = false;
  private drainDue = false;
  private ending = false;
  private peerEnded = false;
  private over = false;
  private readonly onRead: (count: number | null) => void;
  private readonly onWritten: (count: number) => void;
  private readonly onFailed: () => void;

  constructor(
    private readonly conn: Deno.TcpConn | Deno.UnixConn,
    private readonly owner: Owner<Context>,
  ) {
    this.buffer = owner.readBuffers.first();
    this.onRead = this.afterRead.bind(this);
    this.onWritten = this.afterWrite.bind(this);
    this.onFailed = this.finish.bind(this);
    try {
      if (isTcp(conn)) conn.setNoDelay(true);
    } catch {
      // The peer has gone already; the first read says so.
    }
  }

  get remoteAddress(): string {
    return isTcp(this.conn) ? this.conn.remoteAddr.hostname : "unix";
  }

  get pendingBytes(): number {
    return (this.flight === null ? 0 : this.flight.length) +
      (this.queue === null ? 0 : this.queue.bytes);
  }

  /** Tells the owner and begins to read. */
  start(): void {
    try {
      this.owner.handler.open(this);
    } catch (error) {
      this.fail("open", error);
    }
    this.read();
  }

  write(bytes: Uint8Array): WriteOutcome {
    if (this.over || this.ending) return WriteOutcome.closed;
    if (this.flight === null && !this.inLine) {
      this.begin(bytes);
      return WriteOutcome.sent;
    }
    this.drainDue = true;
    if (!this.fits(bytes.length)) return WriteOutcome.dropped;
    this.queue ??= new WriteQueue();
    this.queue.push(bytes);
    return WriteOutcome.queued;
  }

  discardPending(): number {
    const dropped = this.queue === null ? 0 : this.queue.discard();
    this.queue = null;
    return dropped;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.read();
  }

  end(): void {
    if (this.over || this.ending) return;
    this.ending = true;
    if (this.flight === null && !this.inLine) this.shutdown();
  }

  /** Its turn has come; what waited leaves as one. */
  turn(): void {
    this.inLine = false;
    if (this.over || this.queue === null) return this.rest();
    this.send(this.queue.takeMerged(mergedBytesMax));
    if (this.queue.bytes > 0) return;
    // Under load there may always be a write under way: the queue is empty when nothing is behind.
    this.queue = null;
    this.drained();
  }

  evict(): void {
    this.finish();
  }

  private fits(length: number): boolean {
    const bytes = this.pendingBytes + length;
    const { pendingBytesMax, clock } = this.owner;
    if (bytes <= pendingBytesMax) return true;
    // Waiting in line is not its peer's doing.
    const underWayMs = this.inLine ? 0 : clock.monotonicMs() - this.writingSinceMs;
    return bytes <= pendingLimit(pendingBytesMax, underWayMs);
  }

  private begin(bytes: Uint8Array): void {
    if (this.owner.writeScheduler.take(this)) return this.send(bytes);
    // It leaves in its turn, with what has come until then.
    this.inLine = true;
    this.queue = new WriteQueue();
    this.queue.push(bytes);
  }

  private send(bytes: Uint8Array): void {
    this.writingSinceMs = this.owner.clock.monotonicMs();
    this.sendRest(bytes);
  }

  private sendRest(bytes: Uint8Array): void {
    this.flight = bytes;
    this.conn.write(bytes).then(this.onWritten, this.onFailed);
  }

  private afterWrite(count: number): void {
    if (this.over) return;
    const flight = this.flight!;
    if (count < flight.length) return this.sendRest(flight.subarray(count));
    this.flight = null;
    this.rest();
  }

  /** Nothing is being written: lets others write, and goes on behind them when there is more. */
  private rest(): void {
    this.owner.writeScheduler.end(this);
    if (this.over) return;
    if (this.queue === null) {
      if (this.ending) this.shutdown();
      this.drained();
    } else if (this.owner.writeScheduler.take(this)) {
      this.turn();
    } else {
      this.inLine = true;
    }
  }

  private drained(): void {
    if (!this.drainDue) return;
    this.drainDue = false;
    try {
      this.owner.handler.drain(this);
    } catch (error) {
      this.fail("drain", error);
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
    if (count === null) return this.afterPeerEnd();
    const { buffer, owner } = this;
    try {
      owner.handler.data(this, count === buffer.length ? buffer : buffer.subarray(0, count));
    } catch (error) {
      this.fail("data", error);
    }
    if (this.over) return;
    this.buffer = owner.readBuffers.next(buffer, count);
    this.read();
  }

  private afterPeerEnd(): void {
    this.peerEnded = true;
    if (this.ending) {
      // What is still to be written goes first; then `shutdown` finishes.
      if (this.flight === null && !this.inLine) this.finish();
      return;
    }
    try {
      this.owner.handler.end(this);
    } catch (error) {
      this.fail("end", error);
    }
  }

  private shutdown(): void {
    this.conn.closeWrite().then(() => {
      if (this.peerEnded) this.finish();
    }, this.onFailed);
  }

  private finish(): void {
    if (this.over) return;
    this.over = true;
    this.flight = null;
    this.queue = null;
    this.owner.writeScheduler.end(this);
    this.owner.readBuffers.release(this.buffer, this.reading);
    this.conn.close();
    try {
      this.owner.handler.close(this);
    } catch (error) {
      reportHandlerFault("close", error);
    }
  }

  private fail(callback: keyof ConnHandler, error: unknown): void {
    reportHandlerFault(callback, error);
    this.finish();
  }
}
