import type { Hono } from "hono";
import { type HttpEnv, monitoringApp } from "../../logic/http/monitoring.ts";
import type { Address } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { parseAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import type { Metrics } from "../metrics.ts";
import { openHttp } from "./http.ts";
import type { RoleProcess } from "./role_process.ts";
import { metricsHosts } from "../role_options.ts";

/** Answers for the metrics and the health of a role that has no HTTP API. */
export function metricsApp(
  config: Config,
  address: Address,
  metrics: Metrics,
  unready: () => string | undefined | Promise<string | undefined>,
): Hono<HttpEnv> {
  const hosts = metricsHosts(config, address);
  return monitoringApp({ apiKey: config.apiKey, hosts, unready, metrics: () => metrics.text() });
}

/**
 * Serves the metrics and the health of a role that has no HTTP API.
 *
 * @returns Nothing when the configuration names no address for it.
 */
export async function serveMetrics(role: RoleProcess): Promise<HttpServer | undefined> {
  const { config, metrics, unready } = role;
  const address = parseAddress(config.metrics);
  if (address === undefined) return undefined;
  const app = metricsApp(config, address, metrics, unready);
  const fetch = (request: Request) => app.fetch(request);
  return await openHttp(role, { address, fetch, bodyBytesMax: 0 });
}
