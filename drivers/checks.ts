/** What every driver checks and counts in the same way. */
import {
  type CometNode,
  nameOf,
  NodeReplaced,
  NodeUnknown,
} from "../protocol/cluster/comet_node.ts";
import { Limits } from "../protocol/limits.ts";
import type { PushMessage } from "../protocol/push_message.ts";

/** What an entry costs beside its body and keys, in bytes, about. */
const ENTRY_BYTES = 256;

/** What a push counts against the limit of its partition, in bytes. */
export function pushBytes(message: PushMessage): number {
  let bytes = ENTRY_BYTES + message.body.byteLength;
  if (message.kind === "keys") {
    for (const key of message.keys) bytes += 2 * key.length;
  }
  return bytes;
}

/** @throws {RangeError} When the body is larger than a push may be. */
export function checkBody({ body }: PushMessage): void {
  if (body.byteLength <= Limits.pushBodyBytesMax) return;
  throw new RangeError(
    `Cannot append to push log: body must be at most ${Limits.pushBodyBytesMax} bytes, ` +
      `current value is ${body.byteLength}`,
  );
}

/** @throws {Error} When the run of a node is not one of its name. */
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
