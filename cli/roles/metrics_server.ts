import { Hono } from "hono";
import { apiKeyCheck } from "../../logic/http/api_key.ts";
import { pageGuard } from "../../logic/http/page_guard.ts";
import type { Address } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { parseAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import type { Metrics } from "../metrics.ts";
import { type HttpParts, openHttp } from "./http.ts";
import { metricsHosts } from "./wiring.ts";

/** Answers for the metrics and the health of a role that has no HTTP API. */
export function metricsApp(
  config: Config,
  address: Address,
  metrics: Metrics,
  unready: () => string | undefined | Promise<string | undefined>,
): Hono {
  const mayPass = apiKeyCheck(config.apiKey);
  const refusal = pageGuard(metricsHosts(config, address));
  const app = new Hono();
  app.get("/healthz", (c) => c.text("ok\n"));
  app.get("/readyz", async (c) => {
    const reason = await unready();
    return reason === undefined ? c.text("ok\n") : c.text(`not ready: ${reason}\n`, 503);
  });
  app.get("/metrics", async (c) => {
    const reason = refusal(c.req.raw);
    if (reason !== undefined) return c.text(`${reason}\n`, 403);
    if (!mayPass(c.req.raw.headers)) return c.text("API key is missing or wrong\n", 401);
    const text = await metrics.text();
    return c.body(text, 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" });
  });
  return app;
}

/**
 * Serves the metrics and the health of a role that has no HTTP API.
 *
 * @returns Nothing when the configuration names no address for it.
 */
export async function serveMetrics(
  parts: HttpParts,
  unready: () => string | undefined | Promise<string | undefined>,
): Promise<HttpServer | undefined> {
  const { config, metrics } = parts;
  const address = parseAddress(config.metrics);
  if (address === undefined) return undefined;
  const app = metricsApp(config, address, metrics, unready);
  const fetch = (request: Request) => app.fetch(request);
  return await openHttp(parts, { address, fetch, bodyBytesMax: 0 });
}
