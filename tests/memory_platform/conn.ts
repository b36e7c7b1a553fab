import type { Clock } from "../../base/clock.ts";
import { type ConnOwner, QueuedConn } from "../../platform/queued_conn.ts";
import { WriteQueue } from "../../platform/write_queue.ts";

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
export class MemoryConn<Context> extends QueuedConn<Context> {
  readonly remoteAddress = loopback;
  /** Set by `join`, which makes both ends. */
  #peer!: MemoryConn<unknown>;
  readonly #kernel: Kernel;
  /** Bytes the kernel has received and the owner has not been given. */
  readonly #inbox = new WriteQueue();
  #turnDue = false;
  #openDue = false;
  #paused = false;
  #finSent = false;
  #peerEnded = false;
  #reset = false;

  constructor(owner: ConnOwner<Context>, kernel: Kernel) {
    super(owner);
    this.#kernel = kernel;
  }

  /** Makes the two the ends of one connection. */
  static join<A, B>(dialled: MemoryConn<A>, accepted: MemoryConn<B>): void {
    dialled.#peer = accepted as MemoryConn<unknown>;
    accepted.#peer = dialled as MemoryConn<unknown>;
  }

  /** Tells the owner at once. */
  start(): void {
    this.tell("open");
  }

  /** Tells the owner in a turn of its own, before anything else. */
  startInTurn(): void {
    this.#openDue = true;
    this.#wake();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake();
  }

  /** What the other end's kernel buffer has room for is gone at once. */
  protected writeSome(bytes: Uint8Array): number {
    const peer = this.#peer;
    // Nobody is there any more, and the word of it is on its way.
    if (peer.over) return bytes.length;
    const taken = Math.min(bytes.length, this.#kernel.bufferBytes - peer.#inbox.bytes);
    if (taken === 0) return 0;
    peer.#inbox.push(bytes.subarray(0, taken));
    peer.#wake();
    return taken;
  }

  protected shutdown(): void {
    this.#finSent = true;
    this.#peer.#wake();
    this.#wake();
  }

  protected terminate(): void {
    this.#peer.#reset = true;
    this.#peer.#wake();
  }

  #wake(): void {
    if (this.#turnDue || this.over) return;
    this.#turnDue = true;
    this.#kernel.clock.nextTurn(this.#turn);
  }

  /** What an event loop would find out about this socket in one go. */
  #turn = (): void => {
    this.#turnDue = false;
    if (this.over) return;
    if (this.#openDue) {
      this.#openDue = false;
      this.tell("open");
    }
    if (this.#reset) return this.closed();
    if (this.#peer.over || this.#peer.#inbox.bytes < this.#kernel.bufferBytes) this.flush();
    if (!this.over && !this.#paused) this.#receiveSome();
    if (this.#finSent && this.#peerEnded) this.closed();
  };

  #receiveSome(): void {
    if (this.#inbox.bytes > 0) {
      // A copy: the callee may write to it, and the writer's bytes are shared.
      const chunk = this.#inbox.takeMerged(chunkBytesMax).slice();
      this.#peer.#wake();
      this.#wake();
      this.receive(chunk);
    } else if (this.#peer.#finSent && !this.#peerEnded) {
      this.#peerEnded = true;
      this.receiveEnd();
    }
  }
}
