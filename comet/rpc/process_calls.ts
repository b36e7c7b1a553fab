import { answerOf, unknownMethod } from "../../protocol/cluster/calls.ts";
import { type DrainApi, drainCalls } from "../../protocol/cluster/drain_calls.ts";
import type { RpcLink } from "../../rpc/link.ts";
import type { Comet } from "../comet.ts";
import type { LogicPool } from "./logic_pool.ts";

const answerDrain = answerOf(drainCalls);

/**
 * Answers what logic asks of the process of a comet, and not of the comet; see
 * {@linkcode answerOf}.
 *
 * @param drain Begins to end the process; nothing where it does not end by itself.
 */
export function answerProcess(
  { comet, logics, drain }: {
    readonly comet: Comet;
    readonly logics: LogicPool;
    readonly drain: (() => void) | undefined;
  },
  link: RpcLink,
  method: number,
  body: Uint8Array,
): Promise<Uint8Array> | undefined {
  const api: DrainApi = {
    async drain() {
      if (drain === undefined) throw unknownMethod(method);
      drain();
      return { connections: comet.connections };
    },
    leave: () => logics.leave(link),
  };
  return answerDrain(api, method, body);
}
