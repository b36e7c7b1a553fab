import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { type Prng, randomBelow } from "../base/prng.ts";
import { cometDefaults, type CometOptions, PROBE_MS } from "../comet/options.ts";
import type { Origins } from "../protocol/origins.ts";
import type { PushLogOptions } from "../drivers/store.ts";
import { jobDefaults, type JobOptions } from "../job/options.ts";
import type { HttpAppOptions } from "../logic/http/app.ts";
import type { Hosts } from "../logic/http/page_guard.ts";
import { logicDefaults, type LogicOptions } from "../logic/logic.ts";
import { nodesDefaults } from "../logic/nodes.ts";
import type { WebhookOptions } from "../logic/webhook/client.ts";
import type { Address, Process } from "../platform/port.ts";
import { isLoopback } from "../protocol/host.ts";
import { type CometNode, runId } from "../protocol/cluster/comet_node.ts";
import { formatAddress, isWildcard } from "../options/address.ts";
import { limitsOf } from "./config/limit_options.ts";
import { type Config, listenersOf, needsApiKey, portOf } from "./config/schema.ts";
import { checkMayConnect } from "./permission_hints.ts";
import { version } from "./version.ts";

const log = getLogger(["halley"]);

/** Files that a process needs beside one for each connection. */
const OTHER_FILES = 128;

/** What is assumed where the system does not say how many files may be open. */
const UNKNOWN_FILES = 10_000;

/** A new id for a run of a role: the name, when it began, and some chance. */
export function newRunId(name: string, clock: Clock, prng: Prng): string {
  const chance = randomBelow(prng, 36 ** 4).toString(36).padStart(4, "0");
  return runId(name, clock.wallMs().toString(36) + chance);
}

/** Who may use the HTTP API, in words. */
export function access(config: Config, http: Address): string {
  if (needsApiKey(config)) return "API key";
  if (isLoopback(http.hostname)) return "this machine alone";
  return "ANYONE who reaches it (insecure-api)";
}

/** Which Host fields the HTTP API answers: without a key it takes what names this machine. */
function apiHosts(config: Config): Hosts {
  if (config.hosts.length > 0) return config.hosts;
  if (needsApiKey(config)) return ["*"];
  return config.insecureApi ? "addresses" : [];
}

/** Who may use the HTTP API, and who is believed, as its options. */
export function apiAccess(
  config: Config,
): Pick<HttpAppOptions, "hosts" | "trustedProxies" | "origins"> {
  const { trustedProxies } = config;
  // That any page may connect is no reason to tell every site the names of this machine.
  const origins = config.origins.length > 0 ? config.origins : "local";
  return { hosts: apiHosts(config), trustedProxies, origins };
}

/** Which are answered at `/metrics` of a role without an API: others read it by the machine's name. */
export function metricsHosts(config: Config, { hostname }: Address): Hosts {
  return config.hosts.length > 0 || isLoopback(hostname) ? apiHosts(config) : ["*"];
}

/** Which web pages may be clients; where others reach the port, those of every site, as in goim. */
export function clientOrigins(config: Config): Origins {
  if (config.origins.length > 0) return config.origins;
  return webSocketsOpen(config).length === 0 ? "local" : ["*"];
}

/** WebSocket listeners that other machines reach. */
function webSocketsOpen(config: Config): readonly Address[] {
  return listenersOf(config).filter(({ transport }) => transport === "websocket")
    .map(({ address }) => address).filter(({ hostname }) => !isLoopback(hostname));
}

/** Says so where nobody has said which pages may connect, and those of every site may. */
export function warnOfOrigins(config: Config): void {
  const open = webSocketsOpen(config);
  if (config.origins.length > 0 || open.length === 0) return;
  log.warn("pages of every web site may open /sub in their visitors' browsers: set origins", {
    websocket: open.map(formatAddress).join(),
  });
}

/**
 * Where the application is asked about messages.
 *
 * @throws {Error} With a one-line message when the runtime does not let this process connect there.
 */
function webhookOptions(
  { webhookUrl: url, webhookSecret: secret, webhookMs: timeoutMs }: Config,
  process: Process,
): WebhookOptions | undefined {
  if (url === "") return undefined;
  checkMayConnect("webhook-url", url, process);
  return { url, secret, timeoutMs };
}

/**
 * What an operator decides about logic.
 *
 * @param auth What `openAuth` has read.
 * @throws {Error} With a one-line message when it cannot be so in this process.
 */
export function logicOptions(
  config: Config,
  process: Process,
  auth: LogicOptions["auth"],
): LogicOptions {
  const { perMidMax, perKeyMax, whenFull } = config;
  return {
    limits: { perMidMax, perKeyMax, whenFull },
    auth,
    hookMs: config.hookMs,
    openAfterMs: logicDefaults.openAfterMs,
    rooms: config.rooms,
    publishMidRate: config.publishMidRate,
    publishMidBurst: config.publishMidBurst,
    webhook: webhookOptions(config, process),
    nodes: {
      ...nodesDefaults,
      defaultDomain: config.defaultDomain,
      hostDomain: config.hostDomain,
      tcpPort: portOf(config, "tcp", false),
      wsPort: portOf(config, "websocket", false),
      wssPort: portOf(config, "websocket", true),
      heartbeatMs: config.heartbeatIntervalMs,
      heartbeatMax: config.heartbeatsMax,
      regions: config.regions,
    },
  };
}

/** A comet that is stuck is found to be slow before it fills the log. */
export function jobOptions({ pushLogBytesMax }: Config): Partial<JobOptions> {
  return { laneBytesMax: Math.min(jobDefaults.laneBytesMax, pushLogBytesMax / 2) };
}

/** How the drivers are opened. */
export function driverOptions(config: Config): PushLogOptions & { readonly token: string } {
  const { redisToken: token, partitions, pushLogBytesMax: partitionBytesMax } = config;
  return { token, partitions, partitionBytesMax };
}

/** Most HTTP connections: what is asked for, and a quarter of the files at most. */
export function httpConnectionsMax({ httpConnectionsMax }: Config, process: Process): number {
  const openFiles = process.openFilesMax() ?? UNKNOWN_FILES;
  return Math.max(1, Math.min(httpConnectionsMax, Math.floor(openFiles / 4)));
}

/** What a comet in this process may do. */
export function cometOptions(config: Config, process: Process): CometOptions {
  return {
    ...cometDefaults,
    handshakeMs: config.handshakeMs,
    heartbeatIntervalMs: config.heartbeatIntervalMs,
    heartbeatMs: config.heartbeatIntervalMs * config.heartbeatsMax,
    slowReaderMs: config.slowReaderMs,
    operationsMax: config.operationsMax,
    publishRate: config.publishRate,
    publishBurst: config.publishBurst,
    ...limitsOf(config),
    refusalsMax: refusalsMax(process),
    roomsMax: config.roomsMax,
    ringMax: Math.min(config.ringMax, config.ringsMax),
    ringsMax: config.ringsMax,
    pingMs: config.pingMs,
    drainMs: config.drainMs,
    probeMs: PROBE_MS,
    reportMs: config.reportMs,
    connectionsMax: config.connectionsMax || filesLeft(config, process),
    origins: clientOrigins(config),
    trustedProxies: config.trustedProxies,
    authHeaders: config.authWebhookHeaders.map((name) => name.toLowerCase()),
    rooms: config.rooms,
  };
}

/** Connections that may be told at once why they are turned away: a sixteenth of the files at most. */
function refusalsMax(process: Process): number {
  const openFiles = process.openFilesMax() ?? UNKNOWN_FILES;
  return Math.min(cometDefaults.refusalsMax, Math.floor(openFiles / 16));
}

/** Connections that the limit of open files leaves. */
function filesLeft(config: Config, process: Process): number {
  const openFiles = process.openFilesMax() ?? UNKNOWN_FILES;
  return Math.max(
    1,
    openFiles - OTHER_FILES - httpConnectionsMax(config, process) - refusalsMax(process),
  );
}

/**
 * Says at the start how many connections there may be, and warns where that number is a guess or too
 * large.
 *
 * @param config Of one process.
 * @param processes How many there are.
 */
export function announceLimit(config: Config, process: Process, processes = 1): void {
  const openFiles = process.openFilesMax();
  const { connectionsMax } = cometOptions(config, process);
  const left = filesLeft(config, process);
  log.info("connections are limited", {
    connections: processes * connectionsMax,
    openFiles: openFiles ?? "unknown",
  });
  if (openFiles === undefined) {
    if (config.connectionsMax > 0) return;
    log.warn(
      "the limit of open files is unknown: connections-max says how many connections to take",
    );
  } else if (connectionsMax > left) {
    log.warn(
      "{connections} connections are more than {openFiles} open files leave ({left}): raise " +
        "the limit, as with ulimit -n, or lower connections-max",
      {
        connections: connectionsMax,
        openFiles,
        left,
      },
    );
  }
}

/** The comet of this process as others see it. */
export function nodeOf(config: Config, process: Process, server: string, rpc: string): CometNode {
  const reached = reachedHost(listenersOf(config)[0].address, process);
  return {
    server,
    name: config.serverId,
    region: config.region,
    zone: config.zone,
    env: config.environment,
    hostname: process.hostname(),
    addresses: config.advertise.length > 0 ? config.advertise : [reached],
    rpc,
    version,
    weight: config.weight,
    offline: false,
  };
}

/** By which host others reach an address of this machine. */
export function reachedHost({ hostname }: Address, process: Process): string {
  return isWildcard(hostname) ? process.hostname() : hostname;
}
