import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import type { Clock, TimerHandle } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { checkPort, portError } from "../faults.ts";
import type { Address, Conn, DialOptions, Listener, ListenOptions, Streams } from "../port.ts";
import { DenoConn, type Owner } from "./conn.ts";
import { ReadBuffers } from "./read_buffers.ts";

/** How long to leave a listener alone that cannot accept, for want of file descriptors mostly. */
const acceptBackoff: BackoffOptions = { baseMs: 75, maxMs: 1000, factor: 2, jitter: 0.33 };

// Deno may panic when its first signal listener has to be made while descriptors are used up, so
// there is one from the start, for a signal that means nothing to us. Windows has no such signal.
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGWINCH", () => {});

/** Accepts until it is closed, whatever goes wrong in between. */
class DenoListener<Context> implements Listener {
  readonly address: Address;
  #failures = 0;
  #closed = false;
  #retry: TimerHandle;
  #released = () => {};
  readonly #listener: Deno.TcpListener;
  readonly #owner: Owner<Context>;
  readonly #prng: Prng;

  constructor(listener: Deno.TcpListener, owner: Owner<Context>, prng: Prng) {
    this.#listener = listener;
    this.#owner = owner;
    this.#prng = prng;
    this.address = { hostname: listener.addr.hostname, port: listener.addr.port };
    this.#accept();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    if (this.#retry !== undefined) return this.#owner.clock.cancel(this.#retry);
    // The port is free when the accept under way has let go of it.
    await new Promise<void>((resolve) => this.#released = resolve);
  }

  #accept = (): void => {
    this.#retry = undefined;
    this.#listener.accept().then(this.#onAccepted, this.#onFailed);
  };

  #onAccepted = (conn: Deno.TcpConn): void => {
    this.#failures = 0;
    if (this.#closed) this.#released();
    else this.#accept();
    new DenoConn(conn, this.#owner).start();
  };

  #onFailed = (): void => {
    if (this.#closed) return this.#released();
    const waitMs = backoffMs(this.#failures++, acceptBackoff, this.#prng);
    this.#retry = this.#owner.clock.setTimeout(this.#accept, waitMs);
  };
}

/**
 * Byte streams over `Deno.listen` and `Deno.connect`.
 *
 * @param clock Times the waits after a failed accept and tells a stalled write from a young one.
 * @param prng Jitter of those waits.
 */
export function denoStreams(clock: Clock, prng: Prng): Streams {
  const readBuffers = new ReadBuffers();
  return {
    async listen<Context>(options: ListenOptions<Context>): Promise<Listener> {
      checkPort("listen on", options, 0);
      const { hostname, port, reusePort, handler, pendingBytesMax } = options;
      try {
        // `reusePort` is honoured, though its stable types leave it out.
        const address: Deno.TcpListenOptions & { reusePort?: boolean } = {
          hostname,
          port,
          reusePort,
        };
        const owner = { handler, pendingBytesMax, clock, readBuffers };
        return new DenoListener(Deno.listen(address), owner, prng);
      } catch (error) {
        throw await portError("listen on", options, error);
      }
    },

    async dial<Context>(options: DialOptions<Context>): Promise<Conn<Context>> {
      checkPort("connect to", options, 1);
      const { hostname, port, handler, pendingBytesMax } = options;
      try {
        const owner = { handler, pendingBytesMax, clock, readBuffers };
        const conn = new DenoConn(await Deno.connect({ hostname, port }), owner);
        conn.start();
        return conn;
      } catch (error) {
        throw await portError("connect to", options, error);
      }
    },
  };
}
