import { type CometNode, NodeReplaced, NodeUnknown } from "../protocol/cluster/contract.ts";
import { nameOf } from "../protocol/cluster/run_id.ts";

/**
 * Checks what a node says of itself before it is registered.
 *
 * @throws {Error} When its run is not one of its name.
 */
export function checkRegistration({ name, server }: CometNode): void {
  if (nameOf(server) === name) return;
  throw new Error(
    `Cannot register node "${name}": server must be its name, "~" and an epoch, ` +
      `current value is "${server}"`,
  );
}

/** What a report gets whose run is not registered. */
export function notRegistered(server: string, replacedBy: string | undefined): Error {
  return replacedBy === undefined
    ? new NodeUnknown(`Cannot store a report: node "${server}" is not registered`)
    : new NodeReplaced(`Cannot store a report: "${replacedBy}" has replaced node "${server}"`);
}
