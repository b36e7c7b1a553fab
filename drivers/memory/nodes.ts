import type { Clock } from "../../base/clock.ts";
import { nameOf, NODE_LEASE_MS } from "../../protocol/cluster/comet_node.ts";
import type { CometNode, NodeCounts, Nodes, NodeState, Runs } from "../ports.ts";
import { checkRegistration, notRegistered } from "../checks.ts";

interface Registration {
  node: CometNode;
  counts: NodeCounts;
  reportedMs: number;
  leaseEndMs: number;
}

/**
 * The registry of comets in this process. A run whose lease ran out is as good as not registered,
 * but for its sessions: they come back when it registers again, since then it was slow and not gone.
 */
export class MemoryNodes implements Nodes, Runs {
  /** By run. */
  readonly #registrations = new Map<string, Registration>();
  /** The run that is registered under a name. */
  readonly #runs = new Map<string, string>();
  readonly #listeners: ((server: string) => void)[] = [];

  /** @param leaseMs How long a node counts as alive without a report, in milliseconds. */
  constructor(private readonly clock: Clock, readonly leaseMs: number = NODE_LEASE_MS) {}

  isAlive(server: string): boolean {
    const registration = this.#registrations.get(server);
    return registration !== undefined && this.#isAlive(registration);
  }

  isReplaced(server: string): boolean {
    const run = this.#runs.get(nameOf(server));
    return run !== undefined && run !== server;
  }

  async runs(): Promise<Runs> {
    return this;
  }

  /** Calls back whenever the connections of a run are lost for good: it was replaced or left. */
  onGone(listener: (server: string) => void): void {
    this.#listeners.push(listener);
  }

  async register(node: CometNode): Promise<void> {
    checkRegistration(node);
    const earlier = this.#runs.get(node.name);
    if (earlier !== undefined && earlier !== node.server) this.#remove(earlier);
    const counts = this.#registrations.get(node.server)?.counts ??
      { connections: 0, clientAddresses: 0, rooms: new Map() };
    this.#runs.set(node.name, node.server);
    this.#registrations.set(node.server, {
      node,
      counts,
      reportedMs: this.clock.wallMs(),
      leaseEndMs: this.#leaseEndMs(),
    });
  }

  async unregister(server: string): Promise<void> {
    this.#remove(server);
  }

  async setOffline(server: string): Promise<void> {
    const registration = this.#registrations.get(server);
    if (registration !== undefined) registration.node = { ...registration.node, offline: true };
  }

  async report(server: string, counts: NodeCounts): Promise<void> {
    const registration = this.#registrations.get(server);
    if (registration === undefined || !this.#isAlive(registration)) {
      throw notRegistered(
        server,
        this.isReplaced(server) ? this.#runs.get(nameOf(server)) : undefined,
      );
    }
    const { connections, clientAddresses, rooms } = counts;
    registration.counts = { connections, clientAddresses, rooms };
    registration.reportedMs = this.clock.wallMs();
    registration.leaseEndMs = this.#leaseEndMs();
  }

  async live(): Promise<readonly CometNode[]> {
    return this.#alive().map(({ node }) => node);
  }

  async list(): Promise<readonly NodeState[]> {
    return this.#alive().map(({ node, counts, reportedMs }) => ({
      ...node,
      ...counts,
      reportedMs,
    }));
  }

  #alive(): Registration[] {
    return [...this.#registrations.values()].filter((registration) => this.#isAlive(registration));
  }

  #isAlive(registration: Registration): boolean {
    return this.clock.monotonicMs() < registration.leaseEndMs;
  }

  #leaseEndMs(): number {
    return this.clock.monotonicMs() + this.leaseMs;
  }

  #remove(server: string): void {
    const registration = this.#registrations.get(server);
    if (registration === undefined) return;
    this.#registrations.delete(server);
    this.#runs.delete(registration.node.name);
    for (const listener of this.#listeners) listener(server);
  }
}
