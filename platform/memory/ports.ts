import type { MemoryConn } from "./conn.ts";

/** Where ephemeral ports begin (RFC 6335, section 6). */
const ephemeralPortMin = 49_152;

/** A simulated open port, as those who dial see it. */
export interface BoundListener {
  readonly reusePort: boolean;
  /** Makes the accepting end of a connection. */
  accept(): MemoryConn<unknown>;
}

/** The ports of one simulated machine; every host name leads to it. */
export class MemoryPorts {
  /** Who has a port open: several when they share it. */
  readonly bound = new Map<number, BoundListener[]>();
  #next = ephemeralPortMin;

  /** The port to use where `port` was asked for. */
  pick(port: number): number {
    if (port !== 0) return port;
    while (this.bound.has(this.#next)) this.#next++;
    return this.#next++;
  }
}

/** What the system says when a port is taken. */
export function addressInUse(): Error {
  return Object.assign(new Error("address already in use"), { code: "EADDRINUSE" });
}

/** What the system says when nobody listens. */
export function connectionRefused(): Error {
  return Object.assign(new Error("connection refused"), { code: "ECONNREFUSED" });
}
