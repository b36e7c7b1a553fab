import { RpcError } from "./rpc_error.ts";

/** Numbers of the methods on the wire: the operation of a call's frame. */
export const RpcMethod = {
  // Of logic.
  connect: 1,
  disconnect: 2,
  receive: 3,
  report: 4,
  register: 5,
  unregister: 6,
  renew: 7,
  // Of a comet.
  deliver: 20,
  close: 21,
  watch: 22,
  renewWatch: 23,
  // Of a job that watches a comet's rooms.
  addRooms: 30,
  removeRooms: 31,
} as const;

/** What a handler throws for a method that is not among its own. */
export function unknownMethod(method: number): RpcError {
  return new RpcError(
    "unknown-method",
    false,
    `Cannot call method ${method}: it is not known here`,
  );
}
