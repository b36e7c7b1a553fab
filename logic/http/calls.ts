import type { Logic } from "../logic.ts";
import { type Answer, type JsonText, ok } from "./answers.ts";
import type { Scope } from "./api_keys.ts";
import { Query } from "./query.ts";

/** A request, as the calls see it. */
export interface CallRequest {
  readonly url: string;
  /** The body, which the server has read whole, within its limit, before it handed the request over. */
  body(): Promise<Uint8Array>;
  /** The client's IP address, as far as it is known. */
  readonly clientAddress: string;
}

/** One call of the API. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** What a key must be for; each call of scope `admin` has a line in the audit log. */
  readonly scope: Scope;
  /** @throws {BadRequest} When a parameter is missing or wrong. */
  readonly answer: (request: CallRequest) => Promise<Answer | JsonText>;
}

/** Where clients ask for the comets, and pages of other sites may. */
export const nodesPath = "/goim/nodes/weighted";

/** The calls that goim has. */
export function goimCalls({ push, online, nodes }: Logic): readonly Call[] {
  return [
    post("/goim/push/keys", (query) => {
      const operation = query.int32("operation");
      const keys = query.list("keys");
      const id = query.given("id");
      return (body) => push.keys(operation, keys, body, { id });
    }),
    post("/goim/push/mids", (query) => {
      const operation = query.int32("operation");
      const mids = query.int64s("mids");
      const id = query.given("id");
      return (body) => push.mids(operation, mids, body, { id });
    }),
    post("/goim/push/room", (query) => {
      const operation = query.int32("operation");
      const type = query.text("type");
      const room = query.text("room");
      const options = { id: query.given("id"), mediaMs: query.integer("media_ms") };
      return (body) => push.room(operation, type, room, body, options);
    }),
    post("/goim/push/all", (query) => {
      const operation = query.int32("operation");
      const speed = query.int32("speed", 0, 0);
      const id = query.given("id");
      return (body) => push.all(operation, speed, body, { id });
    }),
    get("/goim/online/top", (query) => online.top(query.text("type"), query.int32("limit", 1))),
    get("/goim/online/room", (query) => online.room(query.text("type"), query.list("rooms"))),
    get("/goim/online/total", () => online.total()),
    get(
      nodesPath,
      (query, clientAddress) => nodes.weighted(query.optionalText("platform"), clientAddress),
    ),
    get("/goim/nodes/instances", () => nodes.instances()),
  ];
}

/** A push, answered with what it gives. */
function post(path: string, read: (query: Query) => (body: Uint8Array) => Promise<unknown>): Call {
  return {
    method: "POST",
    path,
    scope: "push",
    async answer({ url, body }) {
      const push = read(new Query(url));
      return ok(await push(await body()));
    },
  };
}

/** A question. */
function get(
  path: string,
  ask: (query: Query, clientAddress: string) => Promise<unknown>,
): Call {
  return {
    method: "GET",
    path,
    scope: "read",
    answer: async ({ url, clientAddress }) => ok(await ask(new Query(url), clientAddress)),
  };
}
