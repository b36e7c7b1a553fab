import { type Context, Hono, type MiddlewareHandler } from "hono";
import { methodNotAllowed } from "hono/method-not-allowed";
import { Code, failure, ok } from "./answers.ts";
import { clientAddress } from "../../protocol/http/client_address.ts";
import { Networks } from "../../protocol/networks.ts";
import { type ApiKeys, type Caller, type Scope, shownKey } from "./api_keys.ts";
import { type Asset, serveAssets } from "./assets.ts";
import type { KeyGuesses } from "./key_guesses.ts";
import { hostGuard, type Hosts, pageGuard } from "./page_guard.ts";

/** Who may ask a role over HTTP, and what it says of itself. */
export interface MonitoringOptions {
  /** What callers of all but `/healthz`, `/readyz` and the assets must show. */
  readonly keys: ApiKeys;
  /** Slows who shows wrong ones. */
  readonly guesses: KeyGuesses;
  /** Networks of proxies that are believed what they say of a client's address. */
  readonly trustedProxies: readonly string[];
  /** Which Host fields are answered, but for `/healthz`, `/readyz` and most assets. */
  readonly hosts: Hosts;
  /** Why the server cannot take work, for `/readyz`, in words that anybody may read. */
  readonly unready: () => string | undefined | Promise<string | undefined>;
  /** The metrics in Prometheus's text format, for `/metrics`. */
  readonly metrics: () => string | Promise<string>;
  /** Files that anybody may read. */
  readonly assets?: readonly Asset[];
  /** What pages of other sites may ask, by their requests. */
  readonly mayAsk?: (request: Request) => boolean;
}

/** What the app must be given with each request. */
export interface HttpEnv {
  Bindings: {
    /** The peer's IP address. */
    readonly remoteAddress: string;
  };
  Variables: {
    /** Who it is from, but for what anybody may read. */
    caller: Caller;
    /** The client's address, likewise, as far as proxies are believed. */
    address: string;
  };
}

/** What is counted of callers who are turned away; see `accessHelp` in `cli/counter_help.ts`. */
export class AccessCounters {
  httpUnauthorized = 0;
  httpOutOfScope = 0;
  httpForbidden = 0;
  httpSlowed = 0;
  failingCallersForgotten = 0;
}

const anyHost = (_: Headers) => true;

const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * An app that lets callers in and answers `/healthz`, `/readyz` and `/metrics`: all that a role
 * without an API serves, and what the API is added to.
 *
 * @param counters Where to count who was turned away.
 */
export function monitoringApp(
  options: MonitoringOptions,
  counters: AccessCounters,
): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>({ getPath: pathOf });
  const { assets = [], guesses } = options;
  const proxies = new Networks(options.trustedProxies);
  const isPublic = new Map([["/healthz", anyHost], ["/readyz", anyHost]]);
  const ownHost = hostGuard(options.hosts);
  for (const { path, isOwnHost } of assets) isPublic.set(path, isOwnHost ? ownHost : anyHost);
  const refusal = pageGuard(options.hosts, options.mayAsk);
  app.use(async (c, next) => {
    // Load balancers ask by any name, and whoever else does learns nothing.
    if (isPublic.get(c.req.path)?.(c.req.raw.headers)) return await next();
    const reason = refusal(c.req.raw);
    if (reason !== undefined) {
      counters.httpForbidden++;
      return c.json(failure(Code.forbidden, reason), 403);
    }
    const { headers } = c.req.raw;
    const shown = shownKey(headers);
    const isShown = shown !== "";
    const from = clientAddress((name) => headers.get(name), c.env.remoteAddress, proxies);
    const refusedMs = isShown ? guesses.refusedMs(from) : 0;
    if (refusedMs > 0) {
      c.header("retry-after", `${Math.ceil(refusedMs / 1_000)}`);
      return c.json(failure(Code.tooMany, "too many wrong API keys from this address"), 429);
    }
    const caller = options.keys.callerOf(shown);
    if (caller !== undefined) {
      if (isShown) guesses.right(from);
      c.set("caller", caller);
      c.set("address", from);
      return await next();
    }
    if (isShown) guesses.wrong(from);
    counters.httpUnauthorized++;
    c.header("www-authenticate", "Bearer");
    return c.json(failure(Code.unauthorized, "API key is missing or wrong"), 401);
  });
  app.use(methodNotAllowed({ app, onMethodNotAllowed }));
  serveAssets(app, assets);
  app.get("/healthz", (c) => c.json(ok()));
  app.get("/readyz", async (c) => {
    const reason = await options.unready();
    return reason === undefined
      ? c.json(ok())
      : c.json(failure(Code.notReady, `not ready: ${reason}`), 503);
  });
  app.get(
    "/metrics",
    needsScope("read", counters),
    async (c) => c.body(await options.metrics(), 200, { "content-type": METRICS_TYPE }),
  );
  app.notFound((c) =>
    redirectToCall(app, c) ?? c.json(failure(Code.notFound, "no such call"), 404)
  );
  return app;
}

/** Lets those pass whose key has a scope. */
export function needsScope(scope: Scope, counters: AccessCounters): MiddlewareHandler<HttpEnv> {
  return async (c, next) => {
    const { name, scopes } = c.var.caller;
    if (scopes.has(scope)) return await next();
    counters.httpOutOfScope++;
    return c.json(failure(Code.forbidden, `API key "${name}" lacks the scope ${scope}`), 403);
  };
}

/** Whoever comes with another method than a path has is told which it has. */
function onMethodNotAllowed(c: Context, [method]: readonly string[]): Response {
  const answer = failure(Code.methodNotAllowed, `method must be ${method}`);
  return c.json(answer, 405, { allow: method });
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
export function pathOf({ url }: Pick<Request, "url">): string {
  const start = url.indexOf("/", url.indexOf("//") + 2);
  const end = url.indexOf("?", start);
  return url.slice(start, end === -1 ? url.length : end);
}
