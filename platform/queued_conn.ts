import { reportHandlerFault } from "./faults.ts";
import { type Conn, type ConnHandler, WriteOutcome } from "./port.ts";
import { WriteQueue } from "./write_queue.ts";

/** What the connections of a listener, or of a dial, have in common. */
export interface ConnOwner<Context> {
  readonly handler: ConnHandler<Context>;
  readonly pendingBytesMax: number;
}

/**
 * What connections of every runtime do alike: they queue what the runtime does not take at once,
 * within a limit, say when the queue is empty again, send everything before the end of stream, and
 * end when their owner's handler throws. A runtime adds how bytes leave and how they come. Its
 * fields are plain, and few, for the price of a connection.
 */
export abstract class QueuedConn<Context, Owner extends ConnOwner<Context> = ConnOwner<Context>>
  implements Conn<Context> {
  context = undefined as Context;
  /** Null while nothing waits. */
  protected queue: WriteQueue | null = null;
  /** Whether something was held back or dropped, and the owner is to hear when that is over. */
  protected drainDue = false;
  /** Whether the owner has ended its side. */
  protected ending = false;
  protected over = false;

  constructor(protected readonly owner: Owner) {}

  abstract readonly remoteAddress: string;

  /**
   * Hands bytes to the runtime, which keeps a reference.
   *
   * @returns How many it took now, or less than 0 when the socket is over.
   */
  protected abstract writeSome(bytes: Uint8Array): number;

  /** Says end of stream; reading goes on. */
  protected abstract shutdown(): void;

  /** Closes the socket at once and frees what the runtime needed for it. */
  protected abstract terminate(): void;

  abstract pause(): void;

  abstract resume(): void;

  get pendingBytes(): number {
    return this.queue === null ? 0 : this.queue.bytes;
  }

  write(bytes: Uint8Array): WriteOutcome {
    if (this.over || this.ending) return WriteOutcome.closed;
    const taken = this.queue === null ? this.writeSome(bytes) : 0;
    if (taken === bytes.length) return WriteOutcome.sent;
    if (taken < 0) return WriteOutcome.closed;
    this.drainDue = true;
    if (this.pendingBytes > 0 && !this.fits(bytes.length)) return WriteOutcome.dropped;
    this.queue ??= new WriteQueue();
    this.queue.push(bytes);
    if (taken > 0) this.queue.consume(taken);
    return WriteOutcome.queued;
  }

  discardPending(): number {
    if (this.queue === null) return 0;
    const dropped = this.queue.discard();
    if (this.queue.bytes === 0) this.queue = null;
    return dropped;
  }

  end(): void {
    if (this.over || this.ending) return;
    this.ending = true;
    if (!this.isWriting) this.shutdown();
  }

  evict(): void {
    if (this.over) return;
    this.over = true;
    this.terminate();
    this.tellClose();
  }

  /** Whether something must still leave before the end of stream. */
  protected get isWriting(): boolean {
    return this.queue !== null;
  }

  /** Whether that many bytes may join what waits. */
  protected fits(length: number): boolean {
    return this.pendingBytes + length <= this.owner.pendingBytesMax;
  }

  /** The runtime takes more: what waits goes on. */
  protected flush(): void {
    if (this.over || !this.drainDue) return;
    while (this.queue !== null) {
      const write = this.queue.peek();
      const taken = this.writeSome(write);
      if (taken > 0) this.queue.consume(taken);
      if (taken < write.length) return;
      if (this.queue.bytes === 0) this.queue = null;
    }
    if (this.ending) this.shutdown();
    this.drained();
  }

  /** The queue is empty. */
  protected drained(): void {
    if (!this.drainDue) return;
    this.drainDue = false;
    this.tell("drain");
  }

  protected receive(chunk: Uint8Array): void {
    if (this.over) return;
    try {
      this.owner.handler.data(this, chunk);
    } catch (error) {
      this.fail("data", error);
    }
  }

  /** The peer has ended its side. */
  protected receiveEnd(): void {
    if (!this.over && !this.ending) this.tell("end");
  }

  /** The socket has closed. */
  protected closed(): void {
    if (this.over) return;
    this.over = true;
    this.tellClose();
  }

  protected tell(callback: "open" | "drain" | "end"): void {
    try {
      this.owner.handler[callback](this);
    } catch (error) {
      this.fail(callback, error);
    }
  }

  private tellClose(): void {
    this.queue = null;
    try {
      this.owner.handler.close(this);
    } catch (error) {
      reportHandlerFault("close", error);
    }
  }

  private fail(callback: keyof ConnHandler, error: unknown): void {
    reportHandlerFault(callback, error);
    this.evict();
  }
}
