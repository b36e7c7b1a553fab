import { createHttpApp } from "../../logic/http/app.ts";
import type { Logic } from "../../logic/logic.ts";
import type { Address } from "../../platform/port.ts";
import { HttpCounters } from "../../protocol/http/counters.ts";
import type { HttpFetch } from "../../protocol/http/request.ts";
import { type HttpServer, serveHttp } from "../../protocol/http/server.ts";
import { Limits } from "../../protocol/limits.ts";
import { addHttp } from "./role_metrics.ts";
import type { RoleProcess } from "./role_process.ts";
import { apiAccess, httpConnectionsMax } from "../role_options.ts";

/** What a role serves over HTTP. */
interface HttpService {
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
  { config, platform: { process }, parts: { streams, running }, metrics }: RoleProcess,
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
 * @throws {Error} With a one-line message when the port cannot be opened.
 */
export function openApi(role: RoleProcess, logic: Logic): Promise<HttpServer> {
  const { config, metrics, unready } = role;
  const options = { ...apiAccess(config), unready, metrics: () => metrics.text() };
  return openHttp(role, {
    address: config.http,
    fetch: createHttpApp(logic, options).fetch,
    bodyBytesMax: Limits.pushRequestBytesMax,
  });
}
