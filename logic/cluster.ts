import type { Clock } from "../base/clock.ts";
import type { Nodes, NodeState } from "../drivers/ports.ts";
import type { CometReport } from "../protocol/rpc/contract.ts";

/** How old the view of the nodes may be, in milliseconds. */
export const VIEW_AGE_MS_MAX = 1_000;

/** All live nodes, and their counts summed up. */
export interface ClusterView {
  readonly nodes: readonly NodeState[];
  readonly connections: number;
  /** Sum of the distinct client addresses of each node. */
  readonly clientAddresses: number;
  /** Members per room key. */
  readonly rooms: ReadonlyMap<string, number>;
}

/**
 * The nodes as the registry last told, at most {@linkcode VIEW_AGE_MS_MAX} ago, with the reports
 * since then put in: asking is cheap, and one's own report is in the very next answer.
 */
export class Cluster {
  #view: Sums | undefined;
  #viewMs = 0;
  #loading: Promise<Sums> | undefined;

  constructor(private readonly nodes: Nodes, private readonly clock: Clock) {}

  /** The present view; it goes on changing with later reports. */
  async view(): Promise<ClusterView> {
    return await this.#current();
  }

  /** Stores a report and puts it into the view. */
  async report(report: CometReport): Promise<ClusterView> {
    const { server, connections, addresses: clientAddresses, rooms } = report;
    const counts = { connections, clientAddresses, rooms };
    await this.nodes.report(server, counts);
    let view = await this.#current();
    if (!view.replace(server, counts)) {
      // It registered, or came back, after the view was taken.
      this.#view = undefined;
      view = await this.#current();
      view.replace(server, counts);
    }
    return view;
  }

  async #current(): Promise<Sums> {
    const fresh = this.clock.monotonicMs() - this.#viewMs < VIEW_AGE_MS_MAX;
    if (this.#view !== undefined && fresh) return this.#view;
    // All who come while it loads share one load.
    this.#loading ??= this.#load().finally(() => this.#loading = undefined);
    return await this.#loading;
  }

  async #load(): Promise<Sums> {
    const nowMs = this.clock.monotonicMs();
    const view = new Sums(await this.nodes.list());
    this.#view = view;
    this.#viewMs = nowMs;
    return view;
  }
}

class Sums implements ClusterView {
  connections = 0;
  clientAddresses = 0;
  readonly rooms = new Map<string, number>();
  readonly #states = new Map<string, NodeState>();

  constructor(states: readonly NodeState[]) {
    for (const state of states) {
      this.#states.set(state.server, state);
      this.#add(state, 1);
    }
  }

  get nodes(): readonly NodeState[] {
    return [...this.#states.values()];
  }

  /** Puts new counts of a node in; when it reported stays what the registry says. */
  replace(
    server: string,
    counts: Pick<NodeState, "connections" | "clientAddresses" | "rooms">,
  ): boolean {
    const old = this.#states.get(server);
    if (old === undefined) return false;
    this.#add(old, -1);
    this.#add(counts, 1);
    this.#states.set(server, { ...old, ...counts });
    return true;
  }

  #add(
    counts: Pick<NodeState, "connections" | "clientAddresses" | "rooms">,
    sign: 1 | -1,
  ): void {
    this.connections += sign * counts.connections;
    this.clientAddresses += sign * counts.clientAddresses;
    for (const [room, members] of counts.rooms) {
      const sum = (this.rooms.get(room) ?? 0) + sign * members;
      if (sum > 0) this.rooms.set(room, sum);
      else this.rooms.delete(room);
    }
  }
}
