import { getLogger } from "@logtape/logtape";
import type { Clock } from "../../base/clock.ts";
import { nameOf } from "../../protocol/cluster/comet_node.ts";
import type { CometNode, Runs } from "../ports.ts";
import { NODE_KEYS, READ_NODES, REMOVE_NODE } from "./node_scripts.ts";
import { fieldsOf, partsOf, type RedisStore, textOf } from "./store.ts";

const log = getLogger(["halley", "redis"]);

/** A registered node as it was last read. */
export interface WatchedNode {
  readonly node: CometNode;
  /** Its report as it stands in Redis. */
  readonly report: string;
  /** Since when the report has not changed while it was watched without a break; monotonic. */
  readonly sinceMs: number;
  /** Whether Redis lost it with all the registry: it is given a lease to come back. */
  readonly lost: boolean;
}

/**
 * Reads the registry and takes out nodes that stopped reporting. A node is judged by what was seen
 * of it alone: its report has not changed for a whole lease, in which Redis was never away and was
 * looked at all the time. So no outage of Redis, and no pause of this process, ends a node.
 */
export class NodeWatch implements Runs {
  #nodes = new Map<string, WatchedNode>();
  #begun = "";
  #version = "";
  #interruptions = 0;
  /** When the last read was sent, and answered, monotonic; nothing before one and after a failure. */
  #sentMs: number | undefined;
  #answeredMs: number | undefined;
  /** The read under way, and the one that begins after it. */
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(
    private readonly store: RedisStore,
    private readonly clock: Clock,
    private readonly leaseMs: number,
  ) {}

  /** The nodes as last read, by name. */
  get nodes(): ReadonlyMap<string, WatchedNode> {
    return this.#nodes;
  }

  /** How old the nodes are, in milliseconds. */
  get ageMs(): number {
    return this.#sentMs === undefined ? Infinity : this.clock.monotonicMs() - this.#sentMs;
  }

  isAlive(server: string): boolean {
    return this.#nodes.get(nameOf(server))?.node.server === server;
  }

  isReplaced(server: string): boolean {
    const watched = this.#nodes.get(nameOf(server));
    return watched !== undefined && watched.node.server !== server;
  }

  /** Reads what is in the registry at some time after the call; all who wait share one read. */
  read(): Promise<void> {
    if (this.#reading === undefined) return this.#begin();
    this.#next ??= this.#reading.catch(() => {}).then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#reading = this.#read().finally(() => this.#reading = undefined);
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { counters } = this.store;
    const { interruptions } = counters;
    const sentMs = this.clock.monotonicMs();
    const answeredMs = this.#answeredMs;
    this.#sentMs = this.#answeredMs = undefined;
    const [begun, version, reports, details] = partsOf(
      await this.store.run(READ_NODES, NODE_KEYS, [this.#version]),
    );
    const nowMs = this.clock.monotonicMs();
    // Redis was away for no longer than from one answer to the next.
    const unbroken = answeredMs !== undefined && nowMs - answeredMs <= this.leaseMs / 2 &&
      interruptions === this.#interruptions && interruptions === counters.interruptions;
    this.#interruptions = counters.interruptions;
    if (details !== undefined) this.#replace(fieldsOf(details), textOf(begun), nowMs);
    this.#version = textOf(version);
    const reported = new Map(fieldsOf(reports));
    for (const [name, watched] of this.#nodes) {
      const report = watched.lost ? watched.report : reported.get(name) ?? "";
      if (unbroken && report === watched.report) continue;
      this.#nodes.set(name, { ...watched, report, sinceMs: nowMs });
    }
    await this.#removeSilent(sentMs);
    this.#sentMs = sentMs;
    this.#answeredMs = nowMs;
  }

  /** Takes the nodes that are registered now, and keeps those that Redis lost. */
  #replace(details: readonly (readonly [string, string])[], begun: string, nowMs: number): void {
    const before = this.#nodes;
    this.#nodes = new Map();
    for (const [name, text] of details) {
      const node = parseNode(text);
      const known = before.get(name);
      this.#nodes.set(
        name,
        known?.node.server === node.server && !known.lost
          ? { ...known, node }
          : { node, report: "", sinceMs: nowMs, lost: false },
      );
    }
    const lost = this.#begun !== "" && begun !== this.#begun;
    if (lost) this.#hasLost();
    this.#begun = begun;
    for (const [name, known] of before) {
      if (this.#nodes.has(name)) continue;
      if (known.lost) this.#nodes.set(name, known);
      else if (lost) this.#nodes.set(name, { ...known, sinceMs: nowMs, lost: true });
    }
  }

  #hasLost(): void {
    this.store.counters.losses++;
    log.warn(
      "Redis has lost who is connected: until comets say it again, keys and mids are nobody's",
    );
  }

  /** Takes out whom nobody has heard for a lease, unless it reports in this very moment. */
  async #removeSilent(sentMs: number): Promise<void> {
    for (const [name, { node, report, sinceMs, lost }] of this.#nodes) {
      if (sentMs - sinceMs < this.leaseMs) continue;
      const gone = lost ||
        await this.store.run(REMOVE_NODE, NODE_KEYS, [name, node.server, report]) === 1;
      if (gone) this.#nodes.delete(name);
    }
  }
}

/** A node as the registry keeps it. */
export function formatNode(node: CometNode): string {
  return (node.offline ? "1" : "0") + JSON.stringify(node);
}

function parseNode(text: string): CometNode {
  return { ...JSON.parse(text.slice(1)), offline: text.startsWith("1") };
}
