import type { Logic } from "../logic.ts";
import { forMsForm } from "../upstream/moderator.ts";
import { ok } from "./answers.ts";
import type { Call } from "./calls.ts";
import { JsonRequest } from "./json_request.ts";

/** `POST /v1/mute` and `POST /v1/unmute`, of a user in a room or, without one, everywhere. */
export function muteCalls({ moderator }: Logic): readonly Call[] {
  return [
    {
      method: "POST",
      path: "/v1/mute",
      scope: "admin",
      async answer(http) {
        const request = await JsonRequest.of(http);
        const forMs = request.count("for_ms", forMsForm);
        return ok(await moderator.mute(request.int64("mid"), forMs, roomIn(request)));
      },
    },
    {
      method: "POST",
      path: "/v1/unmute",
      scope: "admin",
      async answer(http) {
        const request = await JsonRequest.of(http);
        return ok({ was_muted: await moderator.unmute(request.int64("mid"), roomIn(request)) });
      },
    },
  ];
}

function roomIn(request: JsonRequest): string {
  return request.has("room") ? request.text("room") : "";
}
