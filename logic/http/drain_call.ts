import { RpcError } from "../../protocol/rpc.ts";
import type { Logic } from "../logic.ts";
import { Code, failure, ok } from "./answers.ts";
import type { Call } from "./calls.ts";
import { JsonRequest } from "./json_request.ts";

/**
 * `POST /v1/drain`: of a comet by its name, or by the id of its run, which a name may not have any
 * more when it is asked again; without either, of this process.
 *
 * @param stop Begins to end this process.
 */
export function drainCall(logic: Logic, stop: () => void): Call {
  return {
    method: "POST",
    path: "/v1/drain",
    scope: "admin",
    async answer(http) {
      const request = await JsonRequest.of(http);
      if (request.isEmpty) {
        stop();
        return ok();
      }
      const server = request.text("server");
      try {
        const draining = await logic.drain(server);
        if (draining !== undefined) return ok(draining);
        return failure(Code.notFound, `no comet is registered as "${server}"`);
      } catch (error) {
        if (!(error instanceof RpcError)) throw error;
        const reason = error.message;
        return failure(Code.fault, `comet "${server}" cannot be reached, try again: ${reason}`);
      }
    },
  };
}
