import { systemClock } from "../../base/clock.ts";
import type { Address, Platform } from "../../platform/port.ts";
import { HttpCounters } from "../../protocol/http/counters.ts";
import type { HttpFetch } from "../../protocol/http/request.ts";
import { type HttpServer, serveHttp } from "../../protocol/http/server.ts";
import type { Config } from "../config/schema.ts";
import type { Metrics } from "../metrics.ts";
import { addHttp } from "./measured.ts";
import { httpConnectionsMax } from "./parts.ts";

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
  config: Config,
  { streams, process }: Platform,
  metrics: Metrics,
  service: HttpService,
): Promise<HttpServer> {
  const counters = new HttpCounters();
  const connectionsMax = httpConnectionsMax(config, process);
  const options = { streams, clock: systemClock, connectionsMax, counters };
  const server = await serveHttp({ ...service, ...options });
  addHttp(metrics, counters, server);
  return server;
}
