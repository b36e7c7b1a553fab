import { checkPort, portError } from "../faults.ts";
import type { Address, Conn, DialOptions, Listener, ListenOptions, Streams } from "../port.ts";
import type { ConnOwner } from "../queued_conn.ts";
import { type Kernel, MemoryConn } from "./conn.ts";
import { addressInUse, type BoundListener, connectionRefused, type MemoryPorts } from "./ports.ts";

/** A simulated open port. */
export class MemoryListener implements Listener, BoundListener {
  readonly address: Address;
  readonly reusePort: boolean;
  readonly #ports: MemoryPorts;
  readonly #accept: () => MemoryConn<unknown>;

  /** @param accept Makes the accepting end of a connection. */
  constructor(
    address: Address,
    reusePort: boolean,
    ports: MemoryPorts,
    accept: () => MemoryConn<unknown>,
  ) {
    this.address = address;
    this.reusePort = reusePort;
    this.#ports = ports;
    this.#accept = accept;
  }

  accept(): MemoryConn<unknown> {
    return this.#accept();
  }

  async close(): Promise<void> {
    const { port } = this.address;
    const listeners = this.#ports.bound.get(port);
    if (listeners === undefined) return;
    const others = listeners.filter((listener) => listener !== this);
    if (others.length > 0) this.#ports.bound.set(port, others);
    else this.#ports.bound.delete(port);
  }
}

/**
 * Byte streams within the process.
 *
 * @param kernel The simulated kernel.
 * @param ports The simulated machine's ports.
 */
export function memoryStreams(kernel: Kernel, ports: MemoryPorts): Streams {
  return {
    /** Unix sockets are not simulated. */
    async listen<Context>(options: ListenOptions<Context>): Promise<Listener> {
      checkPort("listen on", options, 0);
      const { hostname, reusePort = false, handler, pendingBytesMax } = options;
      const port = ports.pick(options.port);
      const sharing = ports.bound.get(port) ?? [];
      const shared = sharing.every((other) => reusePort && other.reusePort);
      if (!shared) throw await portError("listen on", options, addressInUse());
      const owner: ConnOwner<Context> = { handler, pendingBytesMax };
      const listener = new MemoryListener(
        { hostname, port },
        reusePort,
        ports,
        () => new MemoryConn(owner, kernel) as MemoryConn<unknown>,
      );
      ports.bound.set(port, [...sharing, listener]);
      return listener;
    },

    async dial<Context>(options: DialOptions<Context>): Promise<Conn<Context>> {
      checkPort("connect to", options, 1);
      const { port, handler, pendingBytesMax } = options;
      const listeners = ports.bound.get(port);
      if (listeners === undefined) {
        throw await portError("connect to", options, connectionRefused());
      }
      // Those that share a port take turns.
      const listener = listeners.shift()!;
      listeners.push(listener);
      const accepted = listener.accept();
      const dialled = new MemoryConn({ handler, pendingBytesMax }, kernel);
      MemoryConn.join(dialled, accepted);
      accepted.startInTurn();
      dialled.start();
      return dialled;
    },
  };
}
