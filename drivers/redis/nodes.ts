import { createHash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { nameOf, NODE_LEASE_MS } from "../../protocol/cluster/comet_node.ts";
import type { CometNode, NodeCounts, Nodes, NodeState, Runs } from "../ports.ts";
import { checkRegistration, notRegistered } from "../checks.ts";
import {
  NODE_KEYS,
  READ_ROOMS,
  REGISTER_NODE,
  REMOVE_NODE,
  REPORT_NODE,
  SET_NODE_OFFLINE,
} from "./node_scripts.ts";
import { formatNode, NodeWatch, type WatchedNode } from "./node_watch.ts";
import {
  type Argument,
  partsOf,
  type RedisStore,
  type Reply,
  type Script,
  textOf,
} from "./store.ts";

/** How old the view may be by which sessions are found, in milliseconds. */
export const RUNS_AGE_MS_MAX = 1_000;

const NO_ROOMS: ReadonlyMap<string, number> = new Map();

/** Rooms of a node as they were last read. */
interface Rooms {
  readonly digest: string;
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * The registry of comets in Redis. A node that is silent for a lease is taken out by whoever has
 * watched it for so long: see {@linkcode NodeWatch}.
 */
export class RedisNodes implements Nodes {
  readonly #watch: NodeWatch;
  /** By name, of the nodes in the last list alone. */
  #rooms = new Map<string, Rooms>();
  /** Whether this process changed the registry since it read it. */
  #changed = false;

  /** @param leaseMs How long a node counts as alive without a report, in milliseconds. */
  constructor(
    private readonly store: RedisStore,
    clock: Clock,
    readonly leaseMs: number = NODE_LEASE_MS,
  ) {
    this.#watch = new NodeWatch(store, clock, leaseMs);
  }

  async runs(ageMsMax = RUNS_AGE_MS_MAX): Promise<Runs> {
    if (this.#changed || this.#watch.ageMs >= ageMsMax) {
      this.#changed = false;
      await this.#watch.read();
    }
    return this.#watch;
  }

  async register(node: CometNode): Promise<void> {
    checkRegistration(node);
    await this.#change(REGISTER_NODE, node.server, [formatNode(node)]);
  }

  async unregister(server: string): Promise<void> {
    await this.#change(REMOVE_NODE, server, [""]);
  }

  async setOffline(server: string): Promise<void> {
    await this.#change(SET_NODE_OFFLINE, server);
  }

  /** The rooms are sent only when Redis has others. */
  async report(
    server: string,
    { connections, clientAddresses, rooms }: NodeCounts,
  ): Promise<void> {
    const text = JSON.stringify([...rooms]);
    const digest = rooms.size === 0 ? "" : digestOf(text);
    const args = [String(connections), String(clientAddresses), digest];
    let answer = await this.#run(REPORT_NODE, server, args);
    if (answer === 0) answer = await this.#run(REPORT_NODE, server, [...args, text]);
    if (answer !== 1) throw notRegistered(server, answer === null ? undefined : textOf(answer));
  }

  async live(): Promise<readonly CometNode[]> {
    await this.#watch.read();
    return [...this.#watch.nodes.values()].map(({ node }) => node);
  }

  async list(): Promise<readonly NodeState[]> {
    await this.#watch.read();
    // The view may change while rooms are read.
    const nodes = [...this.#watch.nodes];
    const rooms = await Promise.all(nodes.map(([name, watched]) => this.#roomsOf(name, watched)));
    this.#rooms = new Map(nodes.map(([name], index) => [name, rooms[index]]));
    return nodes.map(([, { node, report }], index) => {
      const [reportedMs, connections, clientAddresses] = report.split(" ").map(Number);
      return { ...node, connections, clientAddresses, rooms: rooms[index].counts, reportedMs };
    });
  }

  /** The rooms of a node, read only when they are not those that were read before. */
  async #roomsOf(name: string, { report, lost }: WatchedNode): Promise<Rooms> {
    const digest = digestIn(report);
    const known = this.#rooms.get(name);
    if (digest === "") return { digest, counts: NO_ROOMS };
    if (known !== undefined && (known.digest === digest || lost)) return known;
    // They may be newer than the report: then their own digest comes with them.
    const [ofRooms, text] = partsOf(
      await this.store.run(READ_ROOMS, NODE_KEYS, [name]),
    );
    if (text === undefined) return { digest: "", counts: NO_ROOMS };
    return { digest: digestIn(textOf(ofRooms)), counts: new Map(JSON.parse(textOf(text))) };
  }

  async #change(script: Script, server: string, args: readonly Argument[] = []): Promise<void> {
    await this.#run(script, server, args);
    this.#changed = true;
  }

  #run(script: Script, server: string, args: readonly Argument[] = []): Promise<Reply> {
    return this.store.run(script, NODE_KEYS, [nameOf(server), server, ...args]);
  }
}

function digestOf(text: string): string {
  return createHash("sha1").update(text).digest("base64url");
}

function digestIn(report: string): string {
  return report.slice(report.lastIndexOf(" ") + 1);
}
