import type { StreamPosition } from "../../protocol/history.ts";
import { mediaMsForm } from "../../protocol/push_message.ts";
import { BadRequest } from "../bad_request.ts";
import type { Logic } from "../logic.ts";
import type { Push } from "../push.ts";
import { ok } from "./answers.ts";
import type { Call } from "./calls.ts";
import { JsonRequest } from "./json_request.ts";

/** `POST /v1/push`: a push whose parameters are JSON, so that its targets may be many. */
export function pushCall({ push }: Logic): Call {
  return {
    method: "POST",
    path: "/v1/push",
    scope: "push",
    answer: async (http) => ok(await send(push, await JsonRequest.of(http))),
  };
}

/**
 * @returns For a push to a room that keeps history, its place there.
 * @throws {BadRequest} When a member is missing or wrong.
 */
function send(push: Push, request: JsonRequest): Promise<StreamPosition | void> {
  const target = request.oneOf("keys", "mids", "room", "all");
  const operation = request.int32("operation");
  const body = request.body();
  const id = idIn(request);
  if (request.has("media_ms") && target !== "room") {
    throw new BadRequest("media_ms must be given with room alone");
  }
  switch (target) {
    case "keys":
      return push.keys(operation, request.texts("keys"), body, { id });
    case "mids":
      return push.mids(operation, request.int64s("mids"), body, { id });
    case "room": {
      const isTimed = request.has("media_ms");
      const mediaMs = isTimed ? request.count("media_ms", mediaMsForm) : undefined;
      return push.roomByKey(operation, request.text("room"), body, { id, mediaMs });
    }
    case "all": {
      if (request.value("all") !== true) throw request.wrong("all", "true");
      const speed = request.has("speed") ? request.int32("speed") : 0;
      return push.all(operation, speed, body, { id });
    }
  }
}

function idIn(request: JsonRequest): string | undefined {
  const id = request.value("id");
  if (id === undefined || typeof id === "string") return id;
  throw request.wrong("id", "text");
}
