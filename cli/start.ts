import { getLogger } from "@logtape/logtape";
import { systemClock } from "../base/clock.ts";
import { systemPrng } from "../base/prng.ts";
import { Comet } from "../comet/comet.ts";
import { cometDefaults, type CometOptions } from "../comet/options.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import type { Node } from "../drivers/ports.ts";
import { StaticCometDirectory } from "../job/comet_directory.ts";
import { Job } from "../job/job.ts";
import { jobDefaults } from "../job/options.ts";
import { createHttpApp } from "../logic/http/app.ts";
import { Logic, type LogicOptions } from "../logic/logic.ts";
import { nodesDefaults } from "../logic/nodes.ts";
import type { Address, HttpServer, Platform, Process } from "../platform/port.ts";
import { formatAddress, isLoopback, isWildcard } from "./address.ts";
import type { Config } from "./config/schema.ts";
import { cometHelp, jobHelp, logicHelp } from "./counter_help.ts";
import { Metrics } from "./metrics.ts";
import { version } from "./version.ts";

const log = getLogger(["halley"]);

/** Files that a process needs beside one for each connection. */
const OTHER_FILES = 128;

/** What is assumed where the system does not say how many files may be open. */
const UNKNOWN_FILES = 10_000;

/** A server that runs. */
export interface RunningServer {
  /** Where it really listens for clients over TCP. */
  readonly tcp: Address;
  /** Where it really listens for clients over WebSocket. */
  readonly ws: Address;
  /** Where its HTTP API really is. */
  readonly http: Address;
  /** Settles when everything is closed; calling it again is the same as waiting for the first. */
  close(): Promise<void>;
}

/**
 * Starts a server with every role in this process.
 *
 * @throws {Error} With a one-line message when it cannot start; then nothing is left open.
 */
export async function start(config: Config, platform: Platform): Promise<RunningServer> {
  const server = new OneProcess(config, platform);
  try {
    return await server.open();
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Comet, logic and job with everything in memory. */
class OneProcess {
  readonly #nodes = new MemoryNodes(systemClock);
  readonly #pushLog: MemoryPushLog;
  readonly #logic: Logic;
  readonly #comet: Comet;
  readonly #job: Job;
  #http: HttpServer | undefined;
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {
    const clock = systemClock;
    const prng = systemPrng();
    const comets = new StaticCometDirectory();
    this.#pushLog = new MemoryPushLog({
      partitions: config.partitions,
      partitionBytesMax: config.pushLogBytesMax,
    });
    this.#logic = new Logic({
      pushLog: this.#pushLog,
      sessions: new MemorySessions(this.#nodes),
      nodes: this.#nodes,
      comets,
      clock,
      prng,
      options: logicOptions(config),
    });
    this.#comet = new Comet({
      server: config.serverId,
      streams: platform.streams,
      logic: this.#logic,
      clock,
      options: cometOptions(config, platform.process),
    });
    comets.add(config.serverId, this.#comet);
    // The one comet shares this process and cannot be stuck alone: it sets the pace, and a push that
    // finds no room is refused, which the caller sees, instead of being shed.
    const laneBytesMax = Math.min(jobDefaults.laneBytesMax, config.pushLogBytesMax / 2);
    const options = { laneBytesMax, stallMsMax: Infinity };
    this.#job = new Job({ pushLog: this.#pushLog, comets, clock, prng, options });
  }

  async open(): Promise<RunningServer> {
    const { config, platform } = this;
    const tcp = await this.#comet.listenTcp(config.tcp);
    const ws = await this.#comet.listenWebSocket(config.ws);
    await this.#nodes.register(nodeOf(config, platform.process));
    this.#job.start();
    const app = createHttpApp(this.#logic, {
      apiKey: config.apiKey,
      ready: () => this.#ready,
      metrics: this.#metrics(),
    });
    this.#http = await platform.http.serve({ ...config.http, fetch: app.fetch });
    const http = this.#http.address;
    this.#ready = true;
    this.#announce(tcp, ws, http);
    return { tcp, ws, http, close: () => this.close() };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /** Upstream first, so that what was accepted still reaches the clients. */
  async #close(): Promise<void> {
    const wasReady = this.#ready;
    this.#ready = false;
    await this.#http?.close();
    await this.#job.stop();
    await this.#pushLog.close();
    await this.#comet.stop();
    if (wasReady) log.info("stopped");
  }

  #metrics(): () => Promise<string> {
    const metrics = new Metrics();
    const comet = this.#comet;
    metrics.addCounters({ prefix: "comet", values: comet.counters, help: cometHelp });
    metrics.addCounters({ prefix: "logic", values: this.#logic.counters, help: logicHelp });
    metrics.addCounters({ prefix: "job", values: this.#job.counters, help: jobHelp });
    metrics.addGauge("comet_connections", "Connections.", () => comet.connections);
    metrics.addGauge("comet_rooms", "Rooms that have members.", () => comet.rooms);
    metrics.addGauge("comet_pool_bytes", "Bytes of the buffer pool.", () => comet.pooledBytes);
    metrics.addGauge("push_log_entries", "Pushes under way.", () => this.#pushLog.entries);
    metrics.addGauge("push_log_bytes", "Bytes of pushes under way.", () => this.#pushLog.bytes);
    const { process } = this.platform;
    metrics.addGauge("process_memory_bytes", "Resident memory.", () => process.memoryBytes());
    return () => metrics.text();
  }

  #announce(tcp: Address, ws: Address, http: Address): void {
    const { config, platform } = this;
    const { runtime } = platform.process;
    log.info("halley starts", { version, runtime, server: config.serverId });
    log.info("connections are limited", {
      connections: cometOptions(config, platform.process).connectionsMax,
      openFiles: platform.process.openFilesMax() ?? "unknown",
    });
    log.info("listening", {
      tcp: formatAddress(tcp),
      websocket: `ws://${formatAddress(ws)}/sub`,
      http: `http://${formatAddress(http)}`,
      access: access(config, http),
    });
  }
}

/** Who may use the HTTP API, in words. */
function access(config: Config, http: Address): string {
  if (config.apiKey !== "") return "API key";
  if (isLoopback(http.hostname)) return "this machine alone";
  return "ANYONE who reaches it (insecure-api)";
}

function logicOptions(config: Config): LogicOptions {
  const { perMidMax, perKeyMax, whenFull } = config;
  return {
    limits: { perMidMax, perKeyMax, whenFull },
    nodes: {
      ...nodesDefaults,
      defaultDomain: config.defaultDomain,
      hostDomain: config.hostDomain,
      tcpPort: config.tcp.port,
      wsPort: config.ws.port,
      heartbeatMs: config.heartbeatIntervalMs,
      heartbeatMax: config.heartbeatsMax,
      regions: config.regions,
    },
  };
}

function cometOptions(config: Config, process: Process): CometOptions {
  const files = process.openFilesMax() ?? UNKNOWN_FILES;
  const filesLeave = Math.max(1, files - OTHER_FILES);
  const asked = config.connectionsMax === 0 ? filesLeave : config.connectionsMax;
  return {
    ...cometDefaults,
    handshakeMs: config.handshakeMs,
    heartbeatMs: config.heartbeatIntervalMs * config.heartbeatsMax,
    slowReaderMs: config.slowReaderMs,
    reportMs: config.reportMs,
    connectionsMax: Math.min(asked, filesLeave),
  };
}

function nodeOf(config: Config, process: Process): Node {
  const { hostname } = config.tcp;
  const reached = isWildcard(hostname) ? process.hostname() : hostname;
  return {
    server: config.serverId,
    region: config.region,
    zone: config.zone,
    env: config.environment,
    hostname: process.hostname(),
    addresses: config.advertise.length > 0 ? config.advertise : [reached],
    version,
    weight: config.weight,
    offline: false,
  };
}
