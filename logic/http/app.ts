import { getLogger } from "@logtape/logtape";
import type { Context, Hono } from "hono";
import {
  ModerationFull,
  PushLogFull,
  StoreRefused,
  StoreUnavailable,
} from "../../drivers/ports.ts";
import { RETRY_S } from "../../protocol/http/answer.ts";
import { originCheck, type Origins } from "../../protocol/origins.ts";
import { Limits } from "../../protocol/limits.ts";
import { BadRequest } from "../bad_request.ts";
import type { Logic } from "../logic.ts";
import { type Answer, Code, failure } from "./answers.ts";
import { type CallRequest, goimCalls, nodesPath } from "./calls.ts";
import type { Scope } from "./api_keys.ts";
import { accessCalls } from "./access_calls.ts";
import { audited } from "./audit.ts";
import { drainCall } from "./drain_call.ts";
import { historyCall } from "./history_call.ts";
import {
  type HttpEnv,
  monitoringApp,
  type MonitoringOptions,
  needsScope,
  pathOf,
} from "./monitoring.ts";
import { muteCalls } from "./mute_calls.ts";
import { pushCall } from "./push_call.ts";

/** How the HTTP API is served. */
export interface HttpAppOptions extends Omit<MonitoringOptions, "mayAsk"> {
  /** Which pages of other sites may be clients, and so ask where the comets are. */
  readonly origins: Origins;
  /** Begins to end this process. */
  readonly stop: () => void;
  /** Whether it ends: then callers are to ask another logic. */
  readonly isStopping: () => boolean;
}

const logger = getLogger(["halley", "logic"]);

/** What callers are told by a process that ends, which has carried out nothing of it. */
const stops = failure(Code.notReady, "this server stops, ask another");
const stopping = { "retry-after": String(RETRY_S), connection: "close" };

/**
 * The HTTP API. Its `fetch(request, { remoteAddress })` answers one request.
 *
 * Calls are answered with HTTP 200 and a code in the body, as goim does; HTTP's own codes serve what
 * goim does not have: 401 without an API key, 403 for pages of other sites and keys without the scope
 * of the call, 404 and 405 for what is no call.
 */
export function createHttpApp(logic: Logic, options: HttpAppOptions): Hono<HttpEnv> {
  const { counters } = logic;
  const mayConnect = originCheck(options.origins);
  const mayAsk = ({ method, url, headers }: Request) =>
    method === "GET" && pathOf({ url }) === nodesPath &&
    mayConnect(headers.get("host") ?? "", headers.get("origin")!);
  const app = monitoringApp({ ...options, mayAsk }, counters);
  const calls = [
    ...goimCalls(logic),
    pushCall(logic),
    historyCall(logic),
    ...muteCalls(logic),
    ...accessCalls(logic),
    drainCall(logic, options.stop),
  ];
  for (const { method, path, scope, answer } of calls) {
    if (scope === "admin") app.on(method, path, audited);
    app.on(method, path, needsScope(scope, counters), async (c) => {
      if (options.isStopping()) return c.json(stops, 503, stopping);
      const result = await answer(call(c, scope));
      const origin = c.req.header("origin");
      // Whoever came as far as this may ask.
      if (path === nodesPath && origin !== undefined) {
        c.header("access-control-allow-origin", origin);
        c.header("vary", "origin");
      }
      if (typeof result !== "string") return c.json(result);
      return c.body(result, 200, { "content-type": "application/json" });
    });
  }
  app.onError((error, c) => {
    if (error instanceof BadRequest) {
      counters.httpBadRequests++;
      return c.json(failure(Code.badRequest, error.message));
    }
    counters.httpFaults++;
    // A store says once that it is away or takes no writes. The query may hold keys.
    if (!(error instanceof StoreUnavailable)) {
      logger.error("{method} {path} failed: {error}", {
        method: c.req.method,
        path: c.req.path,
        error: String(error),
      });
    }
    return c.json(fault(error));
  });
  return app;
}

function call(c: Context<HttpEnv>, scope: Scope): CallRequest {
  return {
    url: c.req.raw.url,
    async body() {
      const body = new Uint8Array(await c.req.arrayBuffer());
      const bytesMax = Limits.adminRequestBytesMax;
      if (scope !== "admin" || body.length <= bytesMax) return body;
      throw new BadRequest(`body must be at most ${bytesMax} bytes, is ${body.length}`);
    },
    clientAddress: c.var.address,
  };
}

function fault(error: Error): Answer {
  if (error instanceof PushLogFull) return failure(Code.fault, "push log is full");
  if (error instanceof ModerationFull) return failure(Code.fault, error.message);
  if (error instanceof StoreRefused) return failure(Code.fault, "store takes no writes, try again");
  // What was asked may have been done all the same.
  if (error instanceof StoreUnavailable) return failure(Code.fault, "store is away, try again");
  return failure(Code.fault, "server fault");
}
