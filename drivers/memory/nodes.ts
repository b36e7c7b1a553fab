import type { Clock } from "../../base/clock.ts";
import type { Node, Nodes, NodeState } from "../ports.ts";

/** How long a node counts as alive without a report, in milliseconds, where nothing else is said. */
export const LEASE_MS = 30_000;

interface Registration {
  state: NodeState;
  leaseEndMs: number;
}

/**
 * The registry of comets in this process. A node whose lease ran out is neither alive nor listed; a
 * late report brings it back, since then it was slow and not gone.
 */
export class MemoryNodes implements Nodes {
  readonly #registrations = new Map<string, Registration>();
  readonly #listeners: ((server: string) => void)[] = [];
  readonly #clock: Clock;
  readonly #leaseMs: number;

  /** @param leaseMs How long a node counts as alive without a report, in milliseconds. */
  constructor(clock: Clock, leaseMs = LEASE_MS) {
    this.#clock = clock;
    this.#leaseMs = leaseMs;
  }

  /** Whether a node is registered and its lease runs. */
  isAlive(server: string): boolean {
    const registration = this.#registrations.get(server);
    return registration !== undefined && this.#runs(registration);
  }

  /** Calls back whenever the connections of a node are lost for good: it registered anew or left. */
  onGone(listener: (server: string) => void): void {
    this.#listeners.push(listener);
  }

  async register(node: Node): Promise<void> {
    if (this.#registrations.delete(node.server)) this.#gone(node.server);
    this.#registrations.set(node.server, {
      state: {
        ...node,
        connections: 0,
        clientAddresses: 0,
        rooms: new Map(),
        reportedMs: this.#clock.wallMs(),
      },
      leaseEndMs: this.#leaseEndMs(),
    });
  }

  async unregister(server: string): Promise<void> {
    if (this.#registrations.delete(server)) this.#gone(server);
  }

  async setOffline(server: string): Promise<void> {
    const registration = this.#registrations.get(server);
    if (registration !== undefined) registration.state = { ...registration.state, offline: true };
  }

  /** @throws {Error} When the node is not registered. */
  async report(
    server: string,
    counts: Pick<NodeState, "connections" | "clientAddresses" | "rooms">,
  ): Promise<void> {
    const registration = this.#registrations.get(server);
    if (registration === undefined) {
      throw new Error(`Cannot store a report: node "${server}" is not registered`);
    }
    const { connections, clientAddresses, rooms } = counts;
    const reportedMs = this.#clock.wallMs();
    registration.state = {
      ...registration.state,
      connections,
      clientAddresses,
      rooms,
      reportedMs,
    };
    registration.leaseEndMs = this.#leaseEndMs();
  }

  async list(): Promise<readonly NodeState[]> {
    const alive: NodeState[] = [];
    for (const registration of this.#registrations.values()) {
      if (this.#runs(registration)) alive.push(registration.state);
    }
    return alive;
  }

  #runs(registration: Registration): boolean {
    return this.#clock.monotonicMs() < registration.leaseEndMs;
  }

  #leaseEndMs(): number {
    return this.#clock.monotonicMs() + this.#leaseMs;
  }

  #gone(server: string): void {
    for (const listener of this.#listeners) listener(server);
  }
}
