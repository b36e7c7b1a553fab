import { getLogger } from "@logtape/logtape";
import { type Context, Hono } from "hono";
import { PushLogFull, StoreRefused, StoreUnavailable } from "../../drivers/ports.ts";
import { Networks } from "../../protocol/networks.ts";
import { BadRequest } from "../bad_request.ts";
import type { Logic } from "../logic.ts";
import { type Answer, Code, failure, ok } from "./answers.ts";
import { apiKeyCheck } from "./api_key.ts";
import { type Call, type CallRequest, goimCalls } from "./calls.ts";
import { clientAddress } from "./client_address.ts";
import { type Hosts, pageGuard } from "./page_guard.ts";
import { pushCall } from "./push_call.ts";

/** How the HTTP API is served. */
export interface HttpAppOptions {
  /** What callers of `/goim/` and `/metrics` must show; empty lets everyone through. */
  readonly apiKey: string;
  /** Which Host fields are answered, but for `/healthz` and `/readyz`. */
  readonly hosts: Hosts;
  /** Networks of proxies that are believed what they say of a client's address. */
  readonly trustedProxies: readonly string[];
  /** Why the server cannot take work, for `/readyz`, in words that anybody may read. */
  readonly unready: () => string | undefined | Promise<string | undefined>;
  /** The metrics in Prometheus's text format, for `/metrics`. */
  readonly metrics: () => string | Promise<string>;
}

/** What the app must be given with each request. */
export interface HttpEnv {
  Bindings: {
    /** The peer's IP address. */
    readonly remoteAddress: string;
  };
}

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

const logger = getLogger(["halley", "logic"]);

/**
 * The HTTP API. Its `fetch(request, { remoteAddress })` answers one request.
 *
 * Calls are answered with HTTP 200 and a code in the body, as goim does; HTTP's own codes serve what
 * goim does not have: 401 without the API key, 403 for pages of other sites, 404 and 405 for what is
 * no call.
 */
export function createHttpApp(logic: Logic, options: HttpAppOptions): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>({ getPath: pathOf });
  const { counters } = logic;
  const refusal = pageGuard(options.hosts);
  const mayPass = apiKeyCheck(options.apiKey);
  const proxies = new Networks(options.trustedProxies);

  app.use(async (c, next) => {
    // Load balancers ask by any name, and whoever else does learns nothing.
    if (c.req.path === "/healthz" || c.req.path === "/readyz") return await next();
    const reason = refusal(c.req.raw);
    if (reason !== undefined) {
      counters.httpForbidden++;
      return c.json(failure(Code.forbidden, reason), 403);
    }
    if (mayPass(c.req.raw.headers)) return await next();
    counters.httpUnauthorized++;
    c.header("www-authenticate", "Bearer");
    return c.json(failure(Code.unauthorized, "API key is missing or wrong"), 401);
  });
  for (const { method, path, answer } of [...goimCalls(logic), pushCall(logic)]) {
    route(app, method, path, async (c) => c.json(await answer(call(c, proxies))));
  }
  route(app, "GET", "/healthz", (c) => c.json(ok()));
  route(
    app,
    "GET",
    "/readyz",
    async (c) => {
      const reason = await options.unready();
      return reason === undefined
        ? c.json(ok())
        : c.json(failure(Code.notReady, `not ready: ${reason}`), 503);
    },
  );
  route(
    app,
    "GET",
    "/metrics",
    async (c) => c.body(await options.metrics(), 200, { "content-type": METRICS_TYPE }),
  );

  app.notFound((c) =>
    redirectToCall(app, c) ?? c.json(failure(Code.notFound, "no such call"), 404)
  );
  app.onError((error, c) => {
    if (error instanceof BadRequest) {
      counters.httpBadRequests++;
      return c.json(failure(Code.badRequest, error.message));
    }
    counters.httpFaults++;
    // The query may hold keys.
    logger.error("{method} {path} failed: {error}", {
      method: c.req.method,
      path: c.req.path,
      error: String(error),
    });
    return c.json(fault(error));
  });
  return app;
}

/** Serves a path by one method, and says so to those who come with another. */
function route(
  app: Hono<HttpEnv>,
  method: Call["method"],
  path: string,
  handler: (c: Context<HttpEnv>) => Response | Promise<Response>,
): void {
  app.on(method, path, handler);
  app.all(path, (c) => {
    c.header("allow", method);
    return c.json(failure(Code.methodNotAllowed, `method must be ${method}`), 405);
  });
}

/**
 * Sends who comes with one slash too many to the call, as the router of goim's logic does. A
 * client must not turn a push into a question, hence 307.
 */
function redirectToCall(app: Hono<HttpEnv>, c: Context<HttpEnv>): Response | undefined {
  const { method, path, url } = c.req;
  const call = path.slice(0, -1);
  const isCall = path.endsWith("/") &&
    app.routes.some((route) => route.path === call && route.method === method);
  if (!isCall) return undefined;
  const search = url.includes("?") ? url.slice(url.indexOf("?")) : "";
  return c.redirect(call + search, method === "GET" ? 301 : 307);
}

/** The path as it was sent. */
function pathOf({ url }: Request): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  return url.slice(start, end === -1 ? url.length : end);
}

function call(c: Context<HttpEnv>, proxies: Networks): CallRequest {
  const request = c.req.raw;
  return {
    request,
    clientAddress: () => clientAddress(request.headers, c.env.remoteAddress, proxies),
  };
}

function fault(error: Error): Answer {
  if (error instanceof PushLogFull) return failure(Code.fault, "push log is full");
  if (error instanceof StoreRefused) return failure(Code.fault, "store takes no writes, try again");
  // What was asked may have been done all the same.
  if (error instanceof StoreUnavailable) return failure(Code.fault, "store is away, try again");
  return failure(Code.fault, "server fault");
}
