import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { Comet } from "../../comet/comet.ts";
import { CometService } from "../../comet/rpc/comet_service.ts";
import { LogicPool } from "../../comet/rpc/logic_pool.ts";
import type { Platform } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { listenRpc, type RpcListener } from "../../rpc/listener.ts";
import { formatAddress, parseRpcAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { version } from "../version.ts";
import { addComet, addProcess, addRpc } from "./role_metrics.ts";
import { listenersText, listenForClients } from "./listeners.ts";
import { serveMetrics } from "./metrics_server.ts";
import {
  announceLimit,
  cometOptions,
  newRunId,
  nodeOf,
  reachedHost,
  warnOfOrigins,
} from "./wiring.ts";
import { NOT_LISTENING, type Running } from "./running.ts";

const log = getLogger(["halley"]);

/** Where a comet listens for jobs where nothing else is said. */
export const COMET_RPC = "127.0.0.1:3109";

/** The role that faces the clients, in a process of its own. */
export class CometRole {
  readonly #running = new RunningClock(systemClock);
  readonly #counters = new RpcCounters();
  readonly #server: string;
  readonly #service: CometService;
  readonly #pool: LogicPool;
  readonly #comet: Comet;
  #rpc: RpcListener | undefined;
  #metrics: HttpServer | undefined;
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {
    const clock = systemClock;
    const running = this.#running;
    const prng = systemPrng();
    const { streams, process } = platform;
    const server = this.#server = newRunId(config.serverId, clock, prng);
    const handler = this.#service = new CometService(() => this.#comet);
    const logic = this.#pool = new LogicPool({
      server,
      addresses: config.logic.map((text) => parseRpcAddress(text)!),
      streams,
      secret: config.clusterSecret,
      clock: running,
      prng,
      handler,
      counters: this.#counters,
    });
    const options = cometOptions(config, process);
    this.#comet = new Comet({ server, streams, logic, clock, running, prng, options });
  }

  async open(): Promise<Running> {
    const { config, platform } = this;
    const comet = this.#comet;
    const { runtime } = platform.process;
    log.info("halley comet starts", { version, runtime, id: this.#server });
    const rpc = this.#rpc = await listenRpc({
      streams: platform.streams,
      address: parseRpcAddress(config.rpc || COMET_RPC)!,
      secret: config.clusterSecret,
      clock: this.#running,
      self: { role: "comet", id: this.#server },
      handler: this.#service,
      counters: this.#counters,
    });
    this.#metrics = await serveMetrics(
      { config, platform, running: this.#running, metrics: this.#measured() },
      () => this.#unready(),
    );
    this.#pool.start();
    await comet.join(nodeOf(config, platform.process, this.#server, this.#advertised()));
    const listeners = await listenForClients(comet, config);
    this.#ready = true;
    announceLimit(config, platform.process);
    warnOfOrigins(config);
    log.info("listening", {
      ...listenersText(listeners),
      rpc: formatAddress(rpc.address),
    });
    const ended = comet.replaced.then(() =>
      `another comet has registered as "${config.serverId}"; two need different ids`
    );
    return { close: () => this.close(), ended };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#ready = false;
    const metricsClosed = this.#metrics?.close();
    await this.#comet.stop();
    await this.#rpc?.close();
    await this.#pool.stop();
    await metricsClosed;
    this.#running.stop();
    log.info("stopped");
  }

  #unready(): string | undefined {
    if (!this.#ready) return NOT_LISTENING;
    if (this.#pool.connected === 0) return "no logic is connected";
    return this.#comet.isLogicFailing ? "logic cannot take reports, nor clients" : undefined;
  }

  /** Where jobs reach this comet. */
  #advertised(): string {
    if (this.config.advertiseRpc !== "") return this.config.advertiseRpc;
    const { address } = this.#rpc!;
    const hostname = reachedHost(address, this.platform.process);
    return formatAddress({ hostname, port: address.port });
  }

  #measured(): Metrics {
    const metrics = new Metrics();
    const pool = this.#pool;
    addComet(metrics, this.#comet);
    addRpc(metrics, this.#counters);
    metrics.addGauge(
      "comet_logics",
      "Logics that this comet is connected to.",
      () => pool.connected,
    );
    addProcess(metrics, this.platform.process, this.#running.counters);
    return metrics;
  }
}
