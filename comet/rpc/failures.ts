import { isUnknownMethod } from "../../protocol/cluster/calls.ts";
import { RpcError } from "../../protocol/rpc.ts";

/** Whether what failed may succeed when it is tried again. */
export function isTransient(error: unknown): boolean {
  return error instanceof RpcError && error.temporary;
}

/** Whether what failed may succeed with another logic: it failed, or is of an earlier version. */
export function mayGoElsewhere(error: unknown): boolean {
  return isUnknownMethod(error) || isTransient(error);
}
