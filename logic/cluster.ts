import type { Clock } from "../base/clock.ts";
import type { Nodes, NodeState } from "../drivers/ports.ts";
import { NODES_VIEW_MS } from "../protocol/cluster/comet_node.ts";
import type { CometReport } from "../protocol/cluster/logic_calls.ts";

/** All live nodes, and their counts summed up. */
export interface ClusterView {
  readonly nodes: readonly NodeState[];
  readonly connections: number;
  /** Sum of the distinct client addresses of each node. */
  readonly clientAddresses: number;
  /** Members per room key. */
  readonly rooms: ReadonlyMap<string, number>;
}

/** What a node reports. */
type Counts =
  & Pick<NodeState, "connections" | "clientAddresses" | "rooms">
  & Partial<Pick<NodeState, "offline">>;

/** A comet that reports here, with what it said so far. */
interface Reporter {
  /** Its last report. */
  sequence: number;
  /** Members per room key: changed in place by each of its reports. */
  readonly rooms: Map<string, number>;
  /** Its rooms of which it is to be told how many are elsewhere. */
  readonly untold: Set<string>;
}

const NO_ROOMS: ReadonlyMap<string, number> = new Map();

/**
 * The nodes as the registry last told, at most {@linkcode NODES_VIEW_MS} ago, with the reports
 * since then put in: asking is cheap, and one's own report is in the very next answer. A report
 * says what changed and is told what changed elsewhere, so its work does not grow with the rooms
 * that there are, nor does a look at a registry that holds only what was reported here.
 */
export class Cluster {
  readonly #reporters = new Map<string, Reporter>();
  readonly #sums = new Sums((server, room) => this.#changed(server, room));
  #viewMs = -Infinity;
  #loading: Promise<void> | undefined;

  constructor(private readonly nodes: Nodes, private readonly clock: Clock) {}

  /** The present view; it goes on changing with later reports. */
  async view(): Promise<ClusterView> {
    await this.#load();
    return this.#sums;
  }

  /**
   * Stores a report and puts it into the view.
   *
   * @returns As for `LogicApi`.
   */
  async report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined> {
    const { server, connections, addresses: clientAddresses, offline } = report;
    const reporter = this.#take(report);
    if (reporter === undefined) return undefined;
    const counts = { connections, clientAddresses, rooms: reporter.rooms };
    await this.nodes.report(server, counts);
    if (offline) await this.nodes.setOffline(server);
    await this.#load();
    if (!this.#sums.replace(server, offline ? { ...counts, offline } : counts)) {
      // It registered, or came back, after the view was taken.
      this.#viewMs = -Infinity;
      await this.#load();
      this.#sums.replace(server, counts);
    }
    return this.#elsewhere(server, reporter, report.base === 0);
  }

  /** @returns Nothing when the report stands on one that is not known. */
  #take({ server, sequence, base, rooms }: CometReport): Reporter | undefined {
    let reporter = this.#reporters.get(server);
    if (base === 0) {
      reporter = { sequence, rooms: new Map(), untold: new Set() };
      this.#reporters.set(server, reporter);
    } else if (reporter?.sequence !== base) return undefined;
    reporter.sequence = sequence;
    for (const [room, members] of rooms) {
      const before = reporter.rooms.get(room) ?? 0;
      this.#sums.change(server, reporter.rooms, room, members - before);
      if (members > 0) reporter.rooms.set(room, members);
      else reporter.rooms.delete(room);
      if (members > 0 && before === 0) reporter.untold.add(room);
    }
    return reporter;
  }

  /** The members elsewhere of a comet's rooms, of all that have some or of those that changed. */
  #elsewhere(server: string, { rooms, untold }: Reporter, all: boolean): Map<string, number> {
    const own = this.#sums.roomsOf(server);
    const elsewhere = new Map<string, number>();
    for (const room of all ? rooms.keys() : untold) {
      if (!rooms.has(room)) continue;
      const members = (this.#sums.rooms.get(room) ?? 0) - (own.get(room) ?? 0);
      if (members > 0 || !all) elsewhere.set(room, members);
    }
    untold.clear();
    return elsewhere;
  }

  /** The members of a room on one node are others: the comets that hold it are to be told. */
  #changed(server: string, room: string): void {
    for (const [other, { rooms, untold }] of this.#reporters) {
      if (other !== server && rooms.has(room)) untold.add(room);
    }
  }

  async #load(): Promise<void> {
    if (this.clock.monotonicMs() - this.#viewMs < NODES_VIEW_MS) return;
    // All who come while it loads share one load.
    this.#loading ??= this.#list().finally(() => this.#loading = undefined);
    await this.#loading;
  }

  async #list(): Promise<void> {
    const nowMs = this.clock.monotonicMs();
    const states = await this.nodes.list();
    this.#sums.update(states, (server) => this.#reporters.get(server)?.rooms);
    const live = new Set(states.map(({ server }) => server));
    for (const server of this.#reporters.keys()) {
      if (!live.has(server)) this.#reporters.delete(server);
    }
    this.#viewMs = nowMs;
  }
}

/** Nodes and the sums of what they count. */
class Sums implements ClusterView {
  connections = 0;
  clientAddresses = 0;
  readonly rooms = new Map<string, number>();
  /** What of each node is in the sums. Its rooms are its reporter's own, or a copy. */
  readonly #states = new Map<string, NodeState>();

  /** @param changed Told of each room whose members on a node have changed. */
  constructor(private readonly changed: (server: string, room: string) => void) {}

  get nodes(): readonly NodeState[] {
    return [...this.#states.values()];
  }

  /** The rooms of a node as they are in the sums. */
  roomsOf(server: string): ReadonlyMap<string, number> {
    return this.#states.get(server)?.rooms ?? NO_ROOMS;
  }

  /**
   * Members of one room of a node are about to change, by so many, in a map that may be the one
   * that is in the sums.
   */
  change(server: string, rooms: ReadonlyMap<string, number>, room: string, by: number): void {
    if (this.#states.get(server)?.rooms === rooms) this.#add(server, room, by);
  }

  /** Puts new counts of a node in, if it is there; when it reported stays what the registry says. */
  replace(server: string, counts: Counts): boolean {
    const old = this.#states.get(server);
    if (old === undefined) return false;
    this.#put({ ...old, ...counts }, old);
    return true;
  }

  /**
   * Takes the nodes that the registry knows now.
   *
   * @param reported The rooms of a node that reports here; the same map in the registry is up to
   * date in the sums.
   */
  update(
    states: readonly NodeState[],
    reported: (server: string) => ReadonlyMap<string, number> | undefined,
  ): void {
    const gone = new Map(this.#states);
    for (const state of states) {
      const { server, rooms } = state;
      gone.delete(server);
      // One of another logic in this process may change under our hands.
      const own = rooms === reported(server) ? rooms : new Map(rooms);
      this.#put({ ...state, rooms: own }, this.#states.get(server));
    }
    for (const [server, old] of gone) {
      this.#put({ ...old, connections: 0, clientAddresses: 0, rooms: NO_ROOMS }, old);
      this.#states.delete(server);
    }
  }

  #put(state: NodeState, old: NodeState | undefined): void {
    const { server, connections, clientAddresses, rooms } = state;
    this.connections += connections - (old?.connections ?? 0);
    this.clientAddresses += clientAddresses - (old?.clientAddresses ?? 0);
    this.#states.set(server, state);
    const before = old?.rooms ?? NO_ROOMS;
    if (before === rooms) return;
    for (const [room, members] of rooms) this.#add(server, room, members - (before.get(room) ?? 0));
    for (const [room, members] of before) if (!rooms.has(room)) this.#add(server, room, -members);
  }

  #add(server: string, room: string, by: number): void {
    if (by === 0) return;
    const sum = (this.rooms.get(room) ?? 0) + by;
    if (sum > 0) this.rooms.set(room, sum);
    else this.rooms.delete(room);
    this.changed(server, room);
  }
}
