import { RpcLimits } from "./limits.ts";
import { RpcOperation } from "./frames.ts";

const pingTicks = RpcLimits.pingMs / RpcLimits.tickMs;

/**
 * Tells whether the peer still reads and answers. Signs of it are answers and pongs, a long frame
 * that is coming in, and bytes that it takes off our hands; what it asks of us is none, since it
 * may do that without ever reading. Time is counted in ticks: after this process stood still
 * itself, one tick has passed, and what came meanwhile is read before the next.
 */
export class Liveness {
  /** Ticks since the last sign of life. */
  #quietTicks = 0;
  #bytesCame = false;
  #frameCame = false;
  #answerCame = false;
  #takenBytes = 0;
  #pendingBytes = 0;

  /** @param silentMs How long the peer may give no sign, in milliseconds. */
  constructor(private readonly silentMs: number = RpcLimits.silentMs) {}

  /** Bytes have come from the peer. */
  bytesCame(): void {
    this.#bytesCame = true;
  }

  /** A whole frame has come. */
  frameCame(operation: number): void {
    this.#frameCame = true;
    this.#answerCame ||= operation === RpcOperation.ok || operation === RpcOperation.failure ||
      operation === RpcOperation.pong;
  }

  /**
   * To be called every tick.
   *
   * @param takenBytes What the kernel has taken so far.
   * @param pendingBytes What it has not taken yet.
   * @returns What to do: `ask` for a sign of life, or give the peer up when it is `silent`.
   */
  tick(takenBytes: number, pendingBytes: number): "ask" | "silent" | undefined {
    // While something waits, the kernel takes more only when the peer has read.
    const isReading = this.#pendingBytes > 0 && takenBytes > this.#takenBytes;
    const isSendingLong = this.#bytesCame && !this.#frameCame;
    this.#takenBytes = takenBytes;
    this.#pendingBytes = pendingBytes;
    if (this.#answerCame || isReading || isSendingLong) this.#quietTicks = 0;
    else this.#quietTicks++;
    this.#bytesCame = this.#frameCame = this.#answerCame = false;
    if (this.#quietTicks * RpcLimits.tickMs >= this.silentMs) return "silent";
    return this.#quietTicks > 0 && this.#quietTicks % pingTicks === 0 ? "ask" : undefined;
  }
}
