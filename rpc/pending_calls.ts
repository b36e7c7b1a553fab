import { RpcLimits } from "./limits.ts";
import { RpcError } from "../protocol/rpc.ts";

/** A call whose answer has not come. */
interface PendingCall {
  readonly resolve: (answer: Uint8Array) => void;
  readonly reject: (error: Error) => void;
  /** When it is given up, in milliseconds of the monotonic clock. */
  readonly dueMs: number;
  readonly method: number;
  readonly bytes: number;
}

/** Sequences are positive int32s; they begin anew after the last. */
const SEQUENCE_MAX = 0x7fff_ffff;

/** The calls of one end of a link that are under way. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  #sequence: number;
  #bytes = 0;

  /** @param sequence The one before the first. */
  constructor(sequence = 0) {
    this.#sequence = sequence;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Whether a call with a body of so many bytes is one too many. */
  isFull(bytes: number): boolean {
    return this.#calls.size >= RpcLimits.callsMax ||
      this.#bytes + bytes > RpcLimits.callBytesMax;
  }

  /** A sequence that no call under way has. */
  next(): number {
    do {
      this.#sequence = this.#sequence === SEQUENCE_MAX ? 1 : this.#sequence + 1;
    } while (this.#calls.has(this.#sequence));
    return this.#sequence;
  }

  /** Takes a call in. @returns Its answer. */
  add(sequence: number, method: number, bytes: number, dueMs: number): Promise<Uint8Array> {
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#calls.set(sequence, { resolve, reject, dueMs, method, bytes });
    });
  }

  /** Ends a call that went well. @returns Whether it was under way. */
  resolve(sequence: number, answer: Uint8Array): boolean {
    const call = this.#remove(sequence);
    call?.resolve(answer);
    return call !== undefined;
  }

  /** Ends a call that failed. @returns Whether it was under way. */
  reject(sequence: number, error: Error): boolean {
    const call = this.#remove(sequence);
    call?.reject(error);
    return call !== undefined;
  }

  /** Gives up the calls that are due. @returns How many. */
  expire(nowMs: number): number {
    let count = 0;
    for (const [sequence, { dueMs, method }] of this.#calls) {
      if (dueMs > nowMs) continue;
      const message = `Cannot call method ${method}: no answer came in time`;
      this.reject(sequence, new RpcError("timeout", true, message));
      count++;
    }
    return count;
  }

  /** Ends every call, for the link is lost. */
  lose(reason: string): void {
    for (const [sequence, { method }] of this.#calls) {
      const message = `Cannot call method ${method}: the link is lost, ${reason}`;
      this.reject(sequence, new RpcError("lost", true, message));
    }
  }

  #remove(sequence: number): PendingCall | undefined {
    const call = this.#calls.get(sequence);
    if (call === undefined) return undefined;
    this.#calls.delete(sequence);
    this.#bytes -= call.bytes;
    return call;
  }
}
