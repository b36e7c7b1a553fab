import type { Clock } from "../../base/clock.ts";
import { createHttpApp } from "../../logic/http/app.ts";
import type { Logic } from "../../logic/logic.ts";
import type { Address, Platform } from "../../platform/port.ts";
import { HttpCounters } from "../../protocol/http/counters.ts";
import type { HttpFetch } from "../../protocol/http/request.ts";
import { type HttpServer, serveHttp } from "../../protocol/http/server.ts";
import { Limits } from "../../protocol/limits.ts";
import type { Config } from "../config/schema.ts";
import type { Metrics } from "../metrics.ts";
import { addHttp } from "./role_metrics.ts";
import { apiAccess, httpConnectionsMax } from "./wiring.ts";

/** What the HTTP server of a role stands on. */
export interface HttpParts {
  readonly config: Config;
  readonly platform: Platform;
  /** The time in which this process ran. */
  readonly running: Clock;
  /** Where to show what it counts. */
  readonly metrics: Metrics;
}

/** What a role serves over HTTP. */
export interface HttpService {
  readonly address: Address;
  readonly fetch: HttpFetch;
  /** The longest body of a request, in bytes. */
  readonly bodyBytesMax: number;
}

/**
 * Serves HTTP within the limits of the configuration, and shows in the metrics what it counts.
 *
 * @throws {Error} With a one-line message when the port cannot be opened.
 */
export async function openHttp(
  { config, platform: { streams, process }, running, metrics }: HttpParts,
  service: HttpService,
): Promise<HttpServer> {
  const counters = new HttpCounters();
  const connectionsMax = httpConnectionsMax(config, process);
  const options = { streams, clock: running, connectionsMax, counters };
  const server = await serveHttp({ ...service, ...options });
  addHttp(metrics, counters, server);
  return server;
}

/**
 * Serves the HTTP API of a logic.
 *
 * @param unready Why it cannot take work; nothing when it can.
 * @throws {Error} With a one-line message when the port cannot be opened.
 */
export function openApi(
  parts: HttpParts,
  logic: Logic,
  unready: () => string | undefined | Promise<string | undefined>,
): Promise<HttpServer> {
  const { config, metrics } = parts;
  const options = { ...apiAccess(config), unready, metrics: () => metrics.text() };
  return openHttp(parts, {
    address: config.http,
    fetch: createHttpApp(logic, options).fetch,
    bodyBytesMax: Limits.pushRequestBytesMax,
  });
}
