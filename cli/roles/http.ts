import type { Hono } from "hono";
import type { ListenerOptions } from "../../comet/options.ts";
import { createHttpApp } from "../../logic/http/app.ts";
import {
  AccessCounters,
  type HttpEnv,
  monitoringApp,
  type MonitoringOptions,
} from "../../logic/http/monitoring.ts";
import type { Logic } from "../../logic/logic.ts";
import type { Address } from "../../platform/port.ts";
import { HttpCounters } from "../../protocol/http/counters.ts";
import { type HttpOptions, type HttpServer, serveHttp } from "../../protocol/http/server.ts";
import { Limits } from "../../protocol/limits.ts";
import { parseAddress } from "../../options/address.ts";
import { clientAssets, demoAssets } from "../assets.ts";
import type { Config } from "../config/schema.ts";
import type { Metrics } from "../metrics.ts";
import { apiAccess, httpConnectionsMax, metricsHosts } from "../role_options.ts";
import { addAccess, addHttp } from "./role_metrics.ts";
import type { RoleProcess } from "./role_process.ts";
import { ApiKeys } from "../../logic/http/api_keys.ts";
import { type GuessCounters, KeyGuesses } from "../../logic/http/key_guesses.ts";
import { changedKeys, readAccess } from "../api_keys_file.ts";

/**
 * Serves HTTP within the limits of the configuration, and shows in the metrics what it counts.
 *
 * @param fetchBy Answers requests as a configuration says.
 * @throws {Error} With a one-line message when the port cannot be opened.
 */
async function openHttp(
  role: RoleProcess,
  service: Pick<HttpOptions, "address" | "bodyBytesMax">,
  fetchBy: (config: Config) => HttpOptions["fetch"],
): Promise<HttpServer> {
  const { config, platform: { process }, parts: { running }, metrics } = role;
  const streams = config.httpTls ? role.secure : role.platform.streams;
  const counters = new HttpCounters();
  const connectionsMax = httpConnectionsMax(config, process);
  let answer = fetchBy(config);
  const fetch: HttpOptions["fetch"] = (request, from) => answer(request, from);
  const options = { streams, clock: running, connectionsMax, counters, fetch };
  const server = await serveHttp({ ...service, ...options });
  addHttp(metrics, counters, server);
  role.onReload((next) => {
    const later = fetchBy(next);
    return () => {
      answer = later;
      server.connectionsMax = httpConnectionsMax(next, process);
    };
  });
  return server;
}

/** Who may call. */
type Callers = Pick<MonitoringOptions, "keys" | "guesses">;

/** The keys of the role, which are read anew with its configuration, and who tries others. */
function apiKeysOf(role: RoleProcess, counters: GuessCounters): Callers {
  let access = readAccess(role.config);
  const keys = role.apiKeys = new ApiKeys(access);
  const guesses = new KeyGuesses(role.parts.running, role.config.apiKeyFailuresMax, counters);
  role.onReload((next) => {
    const later = readAccess(next);
    return () => {
      guesses.failuresMax = next.apiKeyFailuresMax;
      const changed = changedKeys(access, later);
      keys.replace(access = later);
      return changed.length === 0 ? [] : [`API keys: ${changed.join(", ")}`];
    };
  });
  return { keys, guesses };
}

/**
 * Serves the HTTP API of a logic.
 *
 * @param listeners Where clients are taken in, for the demo.
 * @throws {Error} With a one-line message when the port cannot be opened.
 */
export function openApi(
  role: RoleProcess,
  logic: Logic,
  listeners: readonly ListenerOptions[],
): Promise<HttpServer> {
  const { config, metrics, unready, isStopping, stopByCall: stop } = role;
  const assets = config.demo === "on" ? [...clientAssets, ...demoAssets(listeners)] : clientAssets;
  const options = {
    ...apiKeysOf(role, logic.counters),
    unready,
    isStopping,
    stop,
    metrics: () => metrics.text(),
    assets,
  };
  const service = { address: config.http, bodyBytesMax: Limits.pushRequestBytesMax };
  return openHttp(
    role,
    service,
    (config) => createHttpApp(logic, { ...apiAccess(config), ...options }).fetch,
  );
}

/** Answers for the metrics and the health of a role that has no HTTP API. */
export function metricsApp(
  config: Config,
  callers: Callers,
  address: Address,
  metrics: Metrics,
  unready: () => string | undefined | Promise<string | undefined>,
  counters: AccessCounters,
): Hono<HttpEnv> {
  const hosts = metricsHosts(config, address);
  const { trustedProxies } = config;
  const text = () => metrics.text();
  return monitoringApp({ ...callers, trustedProxies, hosts, unready, metrics: text }, counters);
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
  const counters = new AccessCounters();
  const callers = apiKeysOf(role, counters);
  addAccess(metrics, counters);
  return await openHttp(role, { address, bodyBytesMax: 0 }, (config) => {
    const app = metricsApp(config, callers, address, metrics, unready, counters);
    return (request, from) => app.fetch(request, from);
  });
}
