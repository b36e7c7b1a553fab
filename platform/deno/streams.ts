import type { Clock, TimerHandle } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { withPortErrors } from "../faults.ts";
import type { AcceptCounters, Address, Listener, Streams, TlsCertificate } from "../port.ts";
import { openUnixSocket, removeSocket, unixPath } from "../unix_socket.ts";
import { AcceptRetry } from "./accept_retry.ts";
import { DenoConn, type DenoConnOwner } from "./conn.ts";
import { ReadBuffers } from "./read_buffers.ts";
import { dialTls, TlsAcceptor } from "./tls_streams.ts";
import { WriteScheduler } from "./write_scheduler.ts";

// Deno may panic when its first signal listener has to be made while descriptors are used up, so
// there is one from the start, for a signal that means nothing to us. Windows has no such signal.
if (Deno.build.os !== "windows") Deno.addSignalListener("SIGWINCH", () => {});

/** Accepts until it is closed, whatever goes wrong in between. */
class DenoListener<Context> implements Listener {
  readonly address: Address;
  #closed = false;
  #waiting: TimerHandle;
  #released = () => {};
  readonly #listener: Deno.TcpListener | Deno.UnixListener;
  readonly #owner: DenoConnOwner<Context>;
  readonly #tls: TlsAcceptor<Context> | undefined;
  readonly #counters: AcceptCounters | undefined;
  readonly #retry: AcceptRetry;

  constructor(
    listener: Deno.TcpListener | Deno.UnixListener,
    address: Address,
    owner: DenoConnOwner<Context>,
    counters: AcceptCounters | undefined,
    prng: Prng,
    tls?: TlsAcceptor<Context>,
  ) {
    this.#listener = listener;
    this.#owner = owner;
    this.#counters = counters;
    this.#tls = tls;
    this.#retry = new AcceptRetry(prng);
    this.address = address;
    this.#accept();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
    const path = unixPath(this.address);
    if (path !== undefined) removeSocket(path);
    if (this.#waiting !== undefined) return this.#owner.clock.cancel(this.#waiting);
    // The port is free when the accept under way has let go of it.
    await new Promise<void>((resolve) => this.#released = resolve);
  }

  async reloadTls(certificates: readonly TlsCertificate[]): Promise<void> {
    this.#tls?.replace(certificates);
  }

  #accept = (): void => {
    this.#waiting = undefined;
    const accepting: Promise<Deno.TcpConn | Deno.UnixConn> = this.#listener.accept();
    accepting.then(this.#onAccepted, this.#onFailed);
  };

  #onAccepted = (conn: Deno.TcpConn | Deno.UnixConn): void => {
    const mayGoOn = this.#retry.accepted();
    if (this.#closed) this.#released();
    else if (mayGoOn) this.#accept();
    else this.#waiting = this.#owner.clock.nextTurn(this.#accept);
    if (this.#tls === undefined) new DenoConn(conn, this.#owner).start();
    else this.#tls.accept(conn as Deno.TcpConn);
  };

  #onFailed = (error: unknown): void => {
    if (this.#closed) return this.#released();
    if (this.#counters !== undefined) this.#counters.acceptFailures++;
    const waitMs = this.#retry.failed(error);
    if (waitMs === 0) return this.#accept();
    this.#waiting = this.#owner.clock.setTimeout(this.#accept, waitMs);
  };
}

function listenUnix(path: string): Promise<Deno.UnixListener> {
  return openUnixSocket(
    path,
    () => Deno.listen({ transport: "unix", path }),
    async () => {
      try {
        (await Deno.connect({ transport: "unix", path })).close();
        return true;
      } catch {
        return false;
      }
    },
  );
}

/**
 * Byte streams over `Deno.listen` and `Deno.connect`.
 *
 * @param clock Times the waits after a failed accept and tells a stalled write from a young one.
 * @param prng Jitter of those waits.
 */
export function denoStreams(clock: Clock, prng: Prng): Streams {
  const shared = {
    clock,
    readBuffers: new ReadBuffers(),
    writeScheduler: new WriteScheduler(clock),
  };
  return withPortErrors({
    async listen({ hostname, port, reusePort, handler, pendingBytesMax, counters, tls }) {
      const owner = { handler, pendingBytesMax, ...shared };
      const path = unixPath({ hostname });
      if (path !== undefined) {
        const opened = await listenUnix(path);
        return new DenoListener(opened, { hostname, port: 0 }, owner, counters, prng);
      }
      const acceptor = tls && new TlsAcceptor(tls, { ...owner, counters });
      // `reusePort` is honoured, though its stable types leave it out.
      const place: Deno.TcpListenOptions & { reusePort?: boolean } = { hostname, port, reusePort };
      const listener = Deno.listen(place);
      const { addr } = listener;
      const at = { hostname: addr.hostname, port: addr.port };
      return new DenoListener(listener, at, owner, counters, prng, acceptor);
    },

    async dial({ hostname, port, handler, pendingBytesMax, tls }) {
      const owner = { handler, pendingBytesMax, ...shared };
      const path = unixPath({ hostname });
      if (tls !== undefined && path === undefined) {
        return await dialTls({ hostname, port }, tls, owner);
      }
      const opened = path === undefined
        ? await Deno.connect({ hostname, port })
        : await Deno.connect({ transport: "unix", path });
      const conn = new DenoConn(opened, owner);
      conn.start();
      return conn;
    },
  });
}
