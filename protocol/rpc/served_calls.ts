import type { RpcCounters } from "./counters.ts";
import { encodeFailure } from "./failure.ts";
import { RpcLimits } from "./limits.ts";
import { RpcOperation } from "./operations.ts";
import type { Outbox } from "./outbox.ts";
import { RpcError } from "./rpc_error.ts";

/** What answers a call; see `RpcHandler`. */
export type Serve = (method: number, body: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/**
 * Answers the calls of the peer. One that is one too many is refused, and reading goes on: two ends
 * that each stopped reading until the other takes its answers would wait for ever.
 */
export class ServedCalls {
  readonly #serve: Serve;
  readonly #outbox: Outbox;
  readonly #counters: RpcCounters;
  #count = 0;
  #bytes = 0;

  constructor(serve: Serve, outbox: Outbox, counters: RpcCounters) {
    this.#serve = serve;
    this.#outbox = outbox;
    this.#counters = counters;
  }

  /** How many are being answered. */
  get size(): number {
    return this.#count;
  }

  /** Answers a call, now or later. @param body Borrowed until the call returns. */
  serve(method: number, sequence: number, body: Uint8Array): void {
    const bytes = body.length;
    if (this.#isFull(bytes)) {
      this.#counters.servedOverloaded++;
      const message = `Cannot serve method ${method}: too many calls are being served`;
      return this.#fail(sequence, new RpcError("overloaded", true, message));
    }
    this.#counters.served++;
    let answer: Uint8Array | Promise<Uint8Array>;
    try {
      answer = this.#serve(method, body);
    } catch (error) {
      return this.#fail(sequence, error);
    }
    if (answer instanceof Uint8Array) return this.#answer(sequence, answer);
    this.#count++;
    this.#bytes += bytes;
    answer.then((value) => {
      this.#settled(bytes);
      this.#answer(sequence, value);
    }, (error) => {
      this.#settled(bytes);
      this.#fail(sequence, error);
    });
  }

  #isFull(bytes: number): boolean {
    return this.#count >= RpcLimits.servedMax ||
      this.#bytes + bytes > RpcLimits.servedBytesMax ||
      this.#outbox.unsentBytes > RpcLimits.unsentBytesMax;
  }

  #settled(bytes: number): void {
    this.#count--;
    this.#bytes -= bytes;
  }

  #answer(sequence: number, body: Uint8Array): void {
    if (body.length <= RpcLimits.bodyBytesMax) {
      return this.#outbox.frame(RpcOperation.ok, sequence, body);
    }
    const message = `Cannot answer: body must be at most ${RpcLimits.bodyBytesMax} bytes, ` +
      `current length is ${body.length}`;
    this.#fail(sequence, new RpcError("internal", false, message));
  }

  #fail(sequence: number, error: unknown): void {
    this.#outbox.frame(RpcOperation.failure, sequence, encodeFailure(error));
  }
}
