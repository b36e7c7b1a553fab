import { isUnknownMethod } from "../protocol/cluster/calls.ts";
import type { Draining } from "../protocol/cluster/drain_calls.ts";
import { RpcError } from "../protocol/rpc.ts";
import { BadRequest } from "./bad_request.ts";
import type { Cluster } from "./cluster.ts";
import type { Comets } from "./connection_closer.ts";

/** A comet that sends its clients on, by the id of its run. */
export interface DrainedComet extends Draining {
  readonly server: string;
}

/**
 * Has a comet send its clients to the others and end; asked again, it says how far it is.
 *
 * @param name Its name, or the id of its run.
 * @returns Nothing when none is registered as that.
 * @throws {BadRequest} When it is no process that could end by itself.
 * @throws {RpcError} When it cannot be reached.
 */
export async function drainComet(
  cluster: Cluster,
  comets: Comets,
  name: string,
): Promise<DrainedComet | undefined> {
  const { nodes } = await cluster.view();
  const node = nodes.find((one) => one.server === name || one.name === name);
  if (node === undefined) return undefined;
  const { server, rpc } = node;
  // In one process, and in workers, which share the link to their parent.
  if (rpc === "") throw new BadRequest(`comet "${server}" ends with its server alone: name none`);
  const comet = comets.get(server);
  if (comet?.drain === undefined) {
    throw new RpcError("unavailable", true, "there is no link to it from here");
  }
  try {
    return { server, ...await comet.drain() };
  } catch (error) {
    if (!isUnknownMethod(error)) throw error;
    throw new BadRequest(`comet "${server}" is of a version that drains by SIGTERM alone`);
  }
}
