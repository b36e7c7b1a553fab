/**
 * The calls between roles. Each is one entry in a table beside the interface that it belongs to
 * (`logic_calls.ts`, `comet_calls.ts`, `watcher_calls.ts`): its number, its messages, and which
 * method of the interface answers it. Messages can grow, see `../message.ts`; `deliver` alone is
 * written without room to grow, for its cost.
 */
import { EMPTY } from "../frame.ts";
import type { Codec } from "../message.ts";
import { type Caller, RpcError } from "../rpc.ts";
import { NodeReplaced, NodeUnknown } from "./comet_node.ts";
import { closeCodeMessage, ConnectRefused } from "./connection.ts";

/** Numbers of the methods on the wire: the operation of a call's frame. None is ever used again. */
export const RpcMethod = {
  // Of logic.
  connect: 1,
  disconnect: 2,
  receive: 3,
  report: 4,
  register: 5,
  unregister: 6,
  renew: 7,
  authorizeJoin: 8,
  undoConnect: 9,
  // Of a comet.
  deliver: 20,
  close: 21,
  watch: 22,
  renewWatch: 23,
  // Of a job that watches a comet's rooms.
  addRooms: 30,
  removeRooms: 31,
} as const;

/** One call: how it is written, and what answers it. */
export interface Call<Api, Request, Answer> {
  readonly method: number;
  readonly request: Codec<Request>;
  readonly answer: Codec<Answer>;
  /** Answers it; byte members of the request are borrowed until the promise is returned. */
  readonly serve: (api: Api, request: Request) => Promise<Answer>;
}

/** A call as an entry of a table. */
export function call<Api, Request, Answer>(
  method: number,
  request: Codec<Request>,
  answer: Codec<Answer>,
  serve: (api: Api, request: Request) => Promise<Answer>,
): Call<Api, Request, Answer> {
  return { method, request, answer, serve };
}

/** A request or an answer that says nothing; what a later version says in it is passed over. */
export const nothing: Codec<void> = { encode: () => EMPTY, decode: () => {} };

/** Makes a call; what its peer threw is thrown here. */
export async function ask<Request, Answer>(
  caller: Caller,
  { method, request, answer }: Call<never, Request, Answer>,
  value: Request,
): Promise<Answer> {
  let body: Uint8Array;
  try {
    body = await caller.call(method, request.encode(value));
  } catch (error) {
    throw error instanceof RpcError ? ownError(error) : error;
  }
  return answer.decode(body);
}

/**
 * Answers a call of a table.
 *
 * @param body Borrowed until the call returns.
 * @returns Nothing when the method is not in the table; a body that cannot be read rejects.
 */
export function answerOf<Api>(
  // deno-lint-ignore no-explicit-any
  table: Readonly<Record<string, Call<Api, any, any>>>,
): (api: Api, method: number, body: Uint8Array) => Promise<Uint8Array> | undefined {
  const byMethod = new Map(Object.values(table).map((call) => [call.method, call]));
  return (api, method, body) => {
    const call = byMethod.get(method);
    return call && serve(call, api, body);
  };
}

async function serve<Api, Request, Answer>(
  { request, answer, serve }: Call<Api, Request, Answer>,
  api: Api,
  body: Uint8Array,
): Promise<Uint8Array> {
  try {
    return answer.encode(await serve(api, request.decode(body)));
  } catch (error) {
    throw wireError(error);
  }
}

/** The errors of the interfaces as they cross the wire; any other stays as it is. */
function wireError(error: unknown): unknown {
  if (error instanceof ConnectRefused) {
    const data = closeCodeMessage.encode(error.close);
    return new RpcError("connect-refused", false, error.message, data);
  }
  if (error instanceof NodeUnknown) return new RpcError("node-unknown", false, error.message);
  if (error instanceof NodeReplaced) return new RpcError("node-replaced", false, error.message);
  return error;
}

/** What {@linkcode wireError} made an error of. */
function ownError(error: RpcError): Error {
  switch (error.code) {
    case "connect-refused":
      return new ConnectRefused(closeCodeMessage.decode(error.data), error.message);
    case "node-unknown":
      return new NodeUnknown(error.message);
    case "node-replaced":
      return new NodeReplaced(error.message);
  }
  return error;
}

/** What a handler throws for a method that is not among its own. */
export function unknownMethod(method: number): RpcError {
  return new RpcError(
    "unknown-method",
    false,
    `Cannot call method ${method}: it is not known here`,
  );
}
