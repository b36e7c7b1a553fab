import { withPortErrors } from "../../platform/faults.ts";
import type { Address, Listener, Streams } from "../../platform/port.ts";
import { type Kernel, MemoryConn } from "./conn.ts";

/** Where ephemeral ports begin (RFC 6335, section 6). */
const ephemeralPortMin = 49_152;

/** A simulated open port. */
class MemoryListener implements Listener {
  /** @param accept Makes the accepting end of a connection. */
  constructor(
    readonly address: Address,
    readonly reusePort: boolean,
    private readonly ports: MemoryPorts,
    readonly accept: () => MemoryConn<unknown>,
  ) {}

  async close(): Promise<void> {
    const { port } = this.address;
    const listeners = this.ports.bound.get(port);
    if (listeners === undefined) return;
    const others = listeners.filter((listener) => listener !== this);
    if (others.length > 0) this.ports.bound.set(port, others);
    else this.ports.bound.delete(port);
  }
}

/** The ports of one simulated machine; every host name leads to it. */
export class MemoryPorts {
  /** Who has a port open: several when they share it. */
  readonly bound = new Map<number, MemoryListener[]>();
  #next = ephemeralPortMin;

  /** The port to use where `port` was asked for. */
  pick(port: number): number {
    if (port !== 0) return port;
    while (this.bound.has(this.#next)) this.#next++;
    return this.#next++;
  }
}

/** An error as the system's, with its code. */
function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/**
 * Byte streams within the process.
 *
 * @param kernel The simulated kernel.
 * @param ports The simulated machine's ports.
 */
export function memoryStreams(kernel: Kernel, ports = new MemoryPorts()): Streams {
  return withPortErrors({
    /** Unix sockets are not simulated. */
    async listen(owner) {
      const { hostname, reusePort = false } = owner;
      const port = ports.pick(owner.port);
      const sharing = ports.bound.get(port) ?? [];
      const shared = sharing.every((other) => reusePort && other.reusePort);
      if (!shared) throw systemError("EADDRINUSE");
      const listener = new MemoryListener(
        { hostname, port },
        reusePort,
        ports,
        () => new MemoryConn(owner, kernel) as MemoryConn<unknown>,
      );
      ports.bound.set(port, [...sharing, listener]);
      return listener;
    },

    async dial(owner) {
      const listeners = ports.bound.get(owner.port);
      if (listeners === undefined) throw systemError("ECONNREFUSED");
      // Those that share a port take turns.
      const listener = listeners.shift()!;
      listeners.push(listener);
      const accepted = listener.accept();
      const dialled = new MemoryConn(owner, kernel);
      MemoryConn.join(dialled, accepted);
      accepted.startInTurn();
      dialled.start();
      return dialled;
    },
  });
}
