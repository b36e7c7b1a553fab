import { boolean, float64, integer, list, Message, text } from "../message.ts";

/** How long a comet of a cluster counts as alive without a report, in milliseconds. */
export const NODE_LEASE_MS = 10_000;

/** How old the view of the comets may be by which clients are sent to them, in milliseconds. */
export const NODES_VIEW_MS = 1_000;

/** A comet as clients, jobs and operators see it. */
export interface CometNode {
  /** This run of the comet: its name and boot epoch. After a restart it is another one. */
  readonly server: string;
  /** Name of the comet, unique in the cluster; the same after a restart. */
  readonly name: string;
  readonly region: string;
  readonly zone: string;
  readonly env: string;
  readonly hostname: string;
  /** Addresses where clients reach it. */
  readonly addresses: readonly string[];
  /** Where jobs reach its RPC, as `host:port`; empty where they share its link to logic. */
  readonly rpc: string;
  readonly version: string;
  readonly weight: number;
  readonly offline: boolean;
}

export const cometNodeMessage = new Message<CometNode>({
  server: [1, text],
  name: [2, text],
  region: [3, text, ""],
  zone: [4, text, ""],
  env: [5, text, ""],
  hostname: [6, text, ""],
  addresses: [7, list(text), []],
  rpc: [8, text, ""],
  version: [9, text, ""],
  weight: [10, integer, 1],
  offline: [11, boolean, false],
});

/** What a comet is told when it registers. */
export interface Registered {
  /**
   * How long it waits before it lets clients in, in milliseconds: then every job knows of it, and
   * no push after a client's auth can miss it.
   */
  readonly openAfterMs: number;
  /**
   * How long the registration lasts without a report, in milliseconds; `Infinity` where it ends with
   * the comet's process alone.
   */
  readonly leaseMs: number;
}

export const registeredMessage = new Message<Registered>({
  openAfterMs: [1, integer],
  leaseMs: [2, float64, NODE_LEASE_MS],
});

/** The registry does not know this run of a comet: it is to register again. */
export class NodeUnknown extends Error {
  override readonly name = "NodeUnknown";
}

/** Another run of a comet has registered under the same name since: this one is to stop. */
export class NodeReplaced extends Error {
  override readonly name = "NodeReplaced";
}

/** What stands between name and epoch; a name may have it as well. */
const SEPARATOR = "~";

/**
 * The id of one run of a comet or job.
 *
 * @param name The configured name, the same after a restart.
 * @param epoch What tells this run from those before and after, without a `~`.
 * @returns `{name}~{epoch}`.
 */
export function runId(name: string, epoch: string): string {
  return name + SEPARATOR + epoch;
}

/**
 * The name in the id of a run.
 *
 * @returns What stands before the last `~`; all of an id that has none.
 */
export function nameOf(runId: string): string {
  const separator = runId.lastIndexOf(SEPARATOR);
  return separator === -1 ? runId : runId.slice(0, separator);
}
