import type { Clock } from "../base/clock.ts";
import type { RpcCounters } from "./counters.ts";
import { encodeFailure, RpcOperation } from "./frames.ts";
import { RpcLimits } from "./limits.ts";
import type { Outbox } from "./outbox.ts";
import { RpcError } from "../protocol/rpc.ts";

/** What answers a call; see `RpcHandler`. */
export type Serve = (method: number, body: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** A call that waits for its turn. */
interface WaitingCall {
  readonly method: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/**
 * Answers the calls of the peer, in the order in which they came. Only so many are begun in one turn
 * of the event loop: what else lies in the sockets is read in between, signs of life above all. One
 * that is one too many is refused, and reading goes on: two ends that each stopped reading until the
 * other takes its answers would wait for ever.
 */
export class ServedCalls {
  readonly #serve: Serve;
  readonly #outbox: Outbox;
  readonly #counters: RpcCounters;
  readonly #clock: Pick<Clock, "nextTurn">;
  #count = 0;
  #bytes = 0;
  /** Calls that may still be begun in this turn. */
  #left: number = RpcLimits.servedPerTurn;
  #waiting: WaitingCall[] = [];

  constructor(
    serve: Serve,
    outbox: Outbox,
    counters: RpcCounters,
    clock: Pick<Clock, "nextTurn">,
  ) {
    this.#serve = serve;
    this.#outbox = outbox;
    this.#counters = counters;
    this.#clock = clock;
  }

  /** How many are being answered, or wait for it. */
  get size(): number {
    return this.#count;
  }

  /** More of the peer's bytes are there: a new turn, where nothing waits for one. */
  turn(): void {
    if (this.#waiting.length === 0) this.#left = RpcLimits.servedPerTurn;
  }

  /** Answers a call, now or later. @param body Borrowed until the call returns. */
  serve(method: number, sequence: number, body: Uint8Array): void {
    if (this.#isFull(body.length)) {
      this.#counters.servedOverloaded++;
      const message = `Cannot serve method ${method}: too many calls are being served`;
      return this.#fail(sequence, new RpcError("overloaded", true, message));
    }
    this.#counters.served++;
    if (this.#left > 0) {
      this.#left--;
      return this.#begin(method, sequence, body);
    }
    this.#count++;
    this.#bytes += body.length;
    if (this.#waiting.push({ method, sequence, body: body.slice() }) === 1) this.#nextTurn();
  }

  /** Begins with everything that waits: no more will come. */
  finish(): void {
    this.#beginWaiting(Infinity);
  }

  /** Drops what waits. */
  drop(): void {
    this.#waiting = [];
  }

  #nextTurn(): void {
    this.#clock.nextTurn(() => {
      this.#beginWaiting(RpcLimits.servedPerTurn);
      if (this.#waiting.length > 0) this.#nextTurn();
    });
  }

  #beginWaiting(most: number): void {
    for (const { method, sequence, body } of this.#waiting.splice(0, most)) {
      this.#settled(body.length);
      this.#begin(method, sequence, body);
    }
  }

  #begin(method: number, sequence: number, body: Uint8Array): void {
    const bytes = body.length;
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
