import { excerpt } from "../../protocol/excerpt.ts";
import type { Blocked } from "../../protocol/cluster/connection.ts";
import { type CloseCode, CloseCodes } from "../../protocol/close_codes.ts";
import { isCount } from "../../protocol/history_query.ts";
import { BadRequest } from "../bad_request.ts";
import type { Connections } from "../connection_closer.ts";
import type { Logic } from "../logic.ts";
import { forMsForm } from "../upstream/moderator.ts";
import { type Answer, ok } from "./answers.ts";
import type { Call } from "./calls.ts";
import { JsonRequest } from "./json_request.ts";

/** `POST /v1/disconnect`, `/v1/block` and `/v1/unblock`: who is sent away, and kept out. */
export function accessCalls({ closer, blocks }: Logic): readonly Call[] {
  return [
    call("/v1/disconnect", async (request) => {
      const which = connectionsIn(request);
      return ok(await closer.closeByApplication(which, closeIn(request)));
    }),
    call("/v1/block", async (request) => {
      const who = whoIn(request);
      return ok(await blocks.block(who, request.count("for_ms", forMsForm)));
    }),
    call("/v1/unblock", async (request) => {
      return ok({ was_blocked: await blocks.unblock(whoIn(request)) });
    }),
  ];
}

function call(path: string, answer: (request: JsonRequest) => Promise<Answer>): Call {
  return {
    method: "POST",
    path,
    scope: "admin",
    answer: async (http) => await answer(await JsonRequest.of(http)),
  };
}

function connectionsIn(request: JsonRequest): Connections {
  switch (request.oneOf("keys", "mids", "connections", "room")) {
    case "keys":
      return { keys: request.texts("keys") };
    case "mids":
      return { mids: request.int64s("mids") };
    case "connections":
      return { connections: request.list("connections").map(connectionIn) };
    case "room":
      return { room: request.text("room") };
  }
}

function connectionIn(value: unknown): { readonly server: string; readonly connectionId: number } {
  const { server, connection_id: connectionId } = (value ?? {}) as Record<string, unknown>;
  if (typeof server === "string" && isCount(connectionId)) return { server, connectionId };
  const form = '{"server":text,"connection_id":integer}';
  const found = excerpt(JSON.stringify(value));
  throw new BadRequest(`connections must be a list of ${form}, one of them is ${found}`);
}

/** The application's own code with its reason, or the server's for whoever has none. */
function closeIn(request: JsonRequest): CloseCode {
  if (!request.has("code")) {
    const other = ["reason", "reconnect"].find((name) => request.has(name));
    if (other === undefined) return CloseCodes.closedByApplication;
    throw new BadRequest(`${other} must be given with code alone`);
  }
  return {
    code: request.int32("code"),
    reason: request.has("reason") ? request.text("reason") : "",
    reconnect: request.has("reconnect") && request.boolean("reconnect"),
  };
}

function whoIn(request: JsonRequest): Blocked {
  return request.oneOf("mid", "key") === "mid"
    ? { mid: request.int64("mid") }
    : { key: request.text("key") };
}
