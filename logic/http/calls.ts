import type { Logic } from "../logic.ts";
import { type Answer, ok } from "./answers.ts";
import { Query } from "./query.ts";

/** A request, as the calls see it. */
export interface CallRequest {
  readonly request: Request;
  /** The client's IP address, as far as it is known. */
  clientAddress(): string;
}

/** One call of the API. */
export interface Call {
  readonly method: "GET" | "POST";
  readonly path: string;
  /** @throws {BadRequest} When a parameter is missing or wrong. */
  readonly answer: (request: CallRequest) => Promise<Answer>;
}

/** The calls that goim has. */
export function goimCalls({ push, online, nodes }: Logic): readonly Call[] {
  return [
    post("/goim/push/keys", (query) => {
      const operation = query.int32("operation");
      const keys = query.list("keys");
      return (body) => push.keys(operation, keys, body);
    }),
    post("/goim/push/mids", (query) => {
      const operation = query.int32("operation");
      const mids = query.int64s("mids");
      return (body) => push.mids(operation, mids, body);
    }),
    post("/goim/push/room", (query) => {
      const operation = query.int32("operation");
      const type = query.text("type");
      const room = query.text("room");
      return (body) => push.room(operation, type, room, body);
    }),
    post("/goim/push/all", (query) => {
      const operation = query.int32("operation");
      const speed = query.int32("speed", 0, 0);
      return (body) => push.all(operation, speed, body);
    }),
    get("/goim/online/top", (query) => online.top(query.text("type"), query.int32("limit", 1))),
    get("/goim/online/room", (query) => online.room(query.text("type"), query.list("rooms"))),
    get("/goim/online/total", () => online.total()),
    get(
      "/goim/nodes/weighted",
      (query, clientAddress) => nodes.weighted(query.optionalText("platform"), clientAddress()),
    ),
    get("/goim/nodes/instances", () => nodes.instances()),
  ];
}

/** A push. */
function post(path: string, read: (query: Query) => (body: Uint8Array) => Promise<void>): Call {
  return {
    method: "POST",
    path,
    async answer({ request }) {
      const push = read(new Query(request.url));
      await push(await bodyOf(request));
      return ok();
    },
  };
}

/** The body, which the server has read whole, within its limit, before it handed the request over. */
export async function bodyOf(request: Request): Promise<Uint8Array> {
  return new Uint8Array(await request.arrayBuffer());
}

/** A question. */
function get(
  path: string,
  ask: (query: Query, clientAddress: () => string) => Promise<unknown>,
): Call {
  return {
    method: "GET",
    path,
    answer: async ({ request, clientAddress }) =>
      ok(await ask(new Query(request.url), clientAddress)),
  };
}
