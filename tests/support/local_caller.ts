import type { Caller } from "../../protocol/rpc.ts";
import { unknownMethod } from "../../protocol/cluster/calls.ts";

/** What answers calls by method, or says that a method is not its own. */
export type Answerer = (method: number, body: Uint8Array) => Promise<Uint8Array> | undefined;

/**
 * Calls methods within the process, as a link would over a connection: the body is lent, and
 * spoiled as soon as the call has returned its promise.
 */
export function localCaller(answer: Answerer): Caller {
  return {
    async call(method, body) {
      const lent = body.slice();
      const answered = answer(method, lent);
      lent.fill(0xdd);
      if (answered === undefined) throw unknownMethod(method);
      return (await answered).slice();
    },
  };
}
