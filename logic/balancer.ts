import { getLogger } from "@logtape/logtape";
import type { NodeState } from "../drivers/ports.ts";

/** By what a node in the caller's own region weighs more. */
const REGION_WEIGHT = 1.6;

/** Most nodes that a client is told of. */
const CHOSEN_MAX = 5;

/** A node weighs at least this, however loaded it is, */
const WEIGHT_MIN = 1;
/** and at most this. */
const WEIGHT_MAX = 2 ** 20;

/** What share of its part of all connections counts against a node. */
const LOAD_SHARE = 0.5;

interface Candidate {
  readonly node: NodeState;
  /** Clients sent here since the node's last report. */
  sent: number;
}

const logger = getLogger(["halley", "logic"]);

/** Chooses the comets that a client should try, by weight, load and region. */
export class Balancer {
  #candidates: readonly Candidate[] = [];
  #refusing = false;

  /**
   * Takes the live nodes in. When more than half of those known are missing at once, it is rather
   * the registry that fails: the update is refused and the known ones stay.
   *
   * @returns Whether it was taken.
   */
  update(nodes: readonly NodeState[]): boolean {
    const known = this.#candidates;
    const refused = nodes.length * 2 < known.length;
    if (refused && !this.#refusing) {
      logger.error("Balancer keeps {known} nodes: the registry suddenly knows only {now}", {
        known: known.length,
        now: nodes.length,
      });
    }
    this.#refusing = refused;
    if (refused) return false;
    const byServer = new Map(known.map((candidate) => [candidate.node.server, candidate]));
    this.#candidates = nodes.map((node) => {
      const old = byServer.get(node.server);
      const reported = old === undefined || old.node.reportedMs !== node.reportedMs;
      return { node, sent: reported ? 0 : old.sent };
    });
    return true;
  }

  /**
   * The nodes for one client, best first; none that is leaving. The first counts one connection
   * more until its next report.
   *
   * @param region The client's region, where it is known.
   * @returns At most {@linkcode CHOSEN_MAX}.
   */
  choose(region: string | undefined): readonly NodeState[] {
    const online = this.#candidates.filter(({ node }) => !node.offline);
    const weights = currentWeights(
      online.map(({ node, sent }) => ({
        weight: node.weight * (node.region === region ? REGION_WEIGHT : 1),
        connections: node.connections + sent,
      })),
    );
    const order = online.map((_, index) => index).sort((a, b) => weights[b] - weights[a]);
    if (order.length > 0) online[order[0]].sent++;
    return order.slice(0, CHOSEN_MAX).map((index) => online[index].node);
  }
}

/**
 * What each node weighs at present: more with its weight, less with its part of all connections.
 *
 * @param nodes Weights, already raised for the region, and connections.
 * @returns Weights between 1 and 2^20, in the same order.
 */
export function currentWeights(
  nodes: readonly { readonly weight: number; readonly connections: number }[],
): readonly number[] {
  let weightSum = 0, connectionSum = 0;
  for (const { weight, connections } of nodes) {
    weightSum += weight;
    connectionSum += connections;
  }
  return nodes.map(({ weight, connections }) => {
    const ratio = weightSum === 0 ? 0 : weight / weightSum;
    const load = connectionSum === 0 ? 0 : LOAD_SHARE * connections / connectionSum;
    const current = weight + Math.round((ratio - load) * connectionSum);
    return Math.min(WEIGHT_MAX, Math.max(WEIGHT_MIN, current));
  });
}
