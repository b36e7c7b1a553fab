import { historyJson } from "../../protocol/history_json.ts";
import { roomKey } from "../../protocol/room_key.ts";
import type { Logic } from "../logic.ts";
import { Code, failure } from "./answers.ts";
import type { Call } from "./calls.ts";
import { Query } from "./query.ts";

/** `GET /goim/history/room`: part of what a room has kept. */
export function historyCall({ history }: Logic): Call {
  return {
    method: "GET",
    path: "/goim/history/room",
    scope: "read",
    async answer({ url }) {
      const query = new Query(url);
      const room = roomKey(query.text("type"), query.text("room"));
      const page = await history.ask(room, {
        after: query.integer("after"),
        last: query.integer("last"),
        fromMs: query.integer("from_ms"),
        toMs: query.integer("to_ms"),
        limit: query.integer("limit"),
      });
      if (page === undefined) return failure(Code.notFound, "rooms of this type keep no history");
      return `{"code":${Code.ok},"message":"","data":{${historyJson(room, page)}}}`;
    },
  };
}
