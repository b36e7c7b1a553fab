/**
 * The calls between roles. Each is one entry in a table beside the interface that it belongs to
 * (`logic_calls.ts`, `comet_calls.ts`, `watcher_calls.ts`): its number and its messages, under the name
 * of the method that answers it. Messages can grow, see `../message.ts`; `deliver` alone is
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
  readHistory: 10,
  publish: 11,
  renewAuth: 12,
  probe: 15,
  // Of the process of a comet.
  drain: 14,
  leave: 17,
  // Of a comet, and one from 13 to 19 more that came later.
  closeRoom: 13,
  deliver: 20,
  close: 21,
  watch: 22,
  renewWatch: 23,
  // Of a job that watches a comet's rooms.
  addRooms: 30,
  removeRooms: 31,
} as const;

/** A call: its number, and how it is asked and answered. */
export type Call<Request, Answer> = readonly [
  method: number,
  request: Codec<Request>,
  answer: Codec<Answer>,
];

/** The calls of an interface, by the names of its methods, which take one parameter or none. */
export type Calls<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (request: infer Request) => Promise<infer Answer>
    ? Call<Request, Answer>
    : never;
};

/** A request or an answer that says nothing; what a later version says in it is passed over. */
export const nothing: Codec<void> = { encode: () => EMPTY, decode: () => {} };

/** An interface on the other end of a link; what it throws there is thrown here. */
export function clientOf<Api>(calls: Calls<Api>, caller: Caller): Api {
  const methods = Object.entries<Call<unknown, unknown>>(calls).map(([name, call]) => {
    return [name, (request: unknown) => ask(caller, call, request)];
  });
  return Object.fromEntries(methods);
}

async function ask<Request, Answer>(
  caller: Caller,
  [method, request, answer]: Call<Request, Answer>,
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

/** Answers a call of an interface; byte members of the request are borrowed, as the body is. */
export type Answerer<Api> = (
  api: Api,
  method: number,
  body: Uint8Array,
) => Promise<Uint8Array> | undefined;

/**
 * Answers the calls of an interface.
 *
 * @returns Answers nothing when the method is not in the table; a body that cannot be read rejects.
 */
export function answerOf<Api>(calls: Calls<Api>): Answerer<Api> {
  const entries = Object.entries<Call<unknown, unknown>>(calls);
  const byMethod = new Map(entries.map((entry) => [entry[1][0], entry]));
  return (api, method, body) => {
    const found = byMethod.get(method);
    return found && serve(api as Handlers, ...found, body);
  };
}

type Handlers = Readonly<Record<string, (request: unknown) => Promise<unknown>>>;

async function serve(
  api: Handlers,
  name: string,
  [, request, answer]: Call<unknown, unknown>,
  body: Uint8Array,
): Promise<Uint8Array> {
  try {
    return answer.encode(await api[name](request.decode(body)));
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

/** Whether a call reached one of an earlier version, which does not know it. */
export function isUnknownMethod(error: unknown): boolean {
  return error instanceof RpcError && error.code === "unknown-method";
}
