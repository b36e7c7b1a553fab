import type { Clock } from "../../base/clock.ts";
import { reportHandlerFault } from "../faults.ts";
import { type Conn, type ConnHandler, WriteOutcome } from "../port.ts";
import { WriteQueue } from "../write_queue.ts";

/** What the connections of a listener, or of a dial, have in common. */
export interface Owner<Context> {
  readonly handler: ConnHandler<Context>;
  readonly pendingBytesMax: number;
}

/** The simulated kernel. */
export interface Kernel {
  readonly clock: Clock;
  /** Bytes it holds for one direction of a connection. */
  readonly bufferBytes: number;
}

/** Most bytes that come as one chunk. */
const chunkBytesMax = 64 * 1024;

/** Every peer is this machine. */
const loopback = "127.0.0.1";

/**
 * One end of a connection within the process. A write moves bytes at once into the other end's
 * simulated kernel buffer; everything the owner is told comes in a later turn of the clock.
 */
export class MemoryConn<Context> implements Conn<Context> {
  context = undefined as Context;
  readonly remoteAddress = loopback;
  /** Set by `connect`, which makes both ends. */
  #peer!: MemoryConn<unknown>;
  readonly #owner: Owner<Context>;
  readonly #kernel: Kernel;
  /** Bytes the kernel has received and the owner has not been given. */
  readonly #inbox = new WriteQueue();
  #queue: WriteQueue | null = null;
  #turnDue = false;
  #openDue = false;
  #paused = false;
  #drainDue = false;
  #ending = false;
  #finSent = false;
  #peerEnded = false;
  #reset = false;
  #over = false;

  constructor(owner: Owner<Context>, kernel: Kernel) {
    this.#owner = owner;
    this.#kernel = kernel;
  }

  /** Makes the two the ends of one connection. */
  static join<A, B>(dialled: MemoryConn<A>, accepted: MemoryConn<B>): void {
    dialled.#peer = accepted as MemoryConn<unknown>;
    accepted.#peer = dialled as MemoryConn<unknown>;
  }

  get pendingBytes(): number {
    return this.#queue === null ? 0 : this.#queue.bytes;
  }

  /** Tells the owner at once. */
  start(): void {
    this.#tell("open");
  }

  /** Tells the owner in a turn of its own, before anything else. */
  startInTurn(): void {
    this.#openDue = true;
    this.#wake();
  }

  write(bytes: Uint8Array): WriteOutcome {
    if (this.#over || this.#ending) return WriteOutcome.closed;
    if (this.#queue !== null) {
      if (this.#queue.bytes + bytes.length > this.#owner.pendingBytesMax) {
        return WriteOutcome.dropped;
      }
      this.#queue.push(bytes);
      return WriteOutcome.queued;
    }
    const taken = this.#transmit(bytes);
    if (taken === bytes.length) return WriteOutcome.sent;
    this.#queue = new WriteQueue();
    this.#queue.push(bytes);
    this.#queue.consume(taken);
    this.#drainDue = true;
    return WriteOutcome.queued;
  }

  discardPending(): number {
    if (this.#queue === null) return 0;
    const dropped = this.#queue.discard();
    if (this.#queue.bytes === 0) this.#queue = null;
    return dropped;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  end(): void {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    this.#wake();
  }

  evict(): void {
    if (this.#over) return;
    this.#peer.#reset = true;
    this.#peer.#wake();
    this.#finish();
  }

  /** @returns Bytes the other end's kernel buffer had room for. */
  #transmit(bytes: Uint8Array): number {
    const peer = this.#peer;
    // Nobody is there any more, and the word of it is on its way.
    if (peer.#over) return bytes.length;
    const taken = Math.min(bytes.length, this.#kernel.bufferBytes - peer.#inbox.bytes);
    if (taken === 0) return 0;
    peer.#inbox.push(bytes.subarray(0, taken));
    peer.#wake();
    return taken;
  }

  #wake(): void {
    if (this.#turnDue || this.#over) return;
    this.#turnDue = true;
    this.#kernel.clock.nextTurn(this.#turn);
  }

  /** What an event loop would find out about this socket in one go. */
  #turn = (): void => {
    this.#turnDue = false;
    if (this.#over) return;
    if (this.#openDue) {
      this.#openDue = false;
      this.#tell("open");
      if (this.#over) return;
    }
    if (this.#reset) return this.#finish();
    this.#flush();
    if (!this.#over && !this.#paused) this.#receive();
    if (!this.#over && this.#finSent && this.#peerEnded) this.#finish();
  };

  #receive(): void {
    if (this.#inbox.bytes > 0) {
      // A copy: the callee may write to it, and the writer's bytes are shared.
      const chunk = this.#inbox.takeMerged(chunkBytesMax).slice();
      this.#peer.#wake();
      this.#wake();
      this.#tell("data", chunk);
    } else if (this.#peer.#finSent && !this.#peerEnded) {
      this.#peerEnded = true;
      if (!this.#ending) this.#tell("end");
    }
  }

  #flush(): void {
    while (this.#queue !== null) {
      const write = this.#queue.peek();
      const taken = this.#transmit(write);
      if (taken > 0) this.#queue.consume(taken);
      if (taken < write.length) return;
      if (this.#queue.bytes === 0) this.#queue = null;
    }
    if (this.#ending && !this.#finSent) {
      this.#finSent = true;
      this.#peer.#wake();
    }
    if (!this.#drainDue || this.#peer.#inbox.bytes >= this.#kernel.bufferBytes) return;
    this.#drainDue = false;
    this.#tell("drain");
  }

  #finish(): void {
    this.#over = true;
    this.#queue = null;
    this.#tell("close");
  }

  #tell(callback: keyof ConnHandler, chunk?: Uint8Array): void {
    try {
      this.#owner.handler[callback](this, chunk!);
    } catch (error) {
      reportHandlerFault(callback, error);
      this.evict();
    }
  }
}
