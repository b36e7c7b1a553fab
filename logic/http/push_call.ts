import type { StreamPosition } from "../../protocol/history.ts";
import { mediaMsForm } from "../../protocol/push_message.ts";
import { BadRequest } from "../bad_request.ts";
import type { Logic } from "../logic.ts";
import type { Push } from "../push.ts";
import { ok } from "./answers.ts";
import type { Call } from "./calls.ts";
import { JsonRequest } from "./json_request.ts";

/** Whom a push may be for; a call names exactly one. */
const TARGETS = ["keys", "mids", "room", "all"] as const;

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
  const targets = TARGETS.filter((name) => request.has(name));
  if (targets.length !== 1) {
    throw new BadRequest(
      `one of ${TARGETS.join(", ")} must be given, current number is ${targets.length}`,
    );
  }
  const operation = request.int32("operation");
  const body = request.body();
  const id = idIn(request);
  if (request.has("media_ms") && targets[0] !== "room") {
    throw new BadRequest("media_ms must be given with room alone");
  }
  switch (targets[0]) {
    case "keys":
      return push.keys(operation, keysIn(request), body, { id });
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

/** Well-formed as the keys of tokens are, or they would be nobody's. */
function keysIn(request: JsonRequest): readonly string[] {
  return request.list("keys").map((key) => {
    if (typeof key === "string") return key.toWellFormed();
    throw request.wrong("keys", "a list of text");
  });
}
