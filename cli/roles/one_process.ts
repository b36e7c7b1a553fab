import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { Comet } from "../../comet/comet.ts";
import type { ListenerOptions } from "../../comet/options.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import { StaticCometDirectory } from "../../job/comet_directory.ts";
import { Job } from "../../job/job.ts";
import { jobDefaults } from "../../job/options.ts";
import { Logic } from "../../logic/logic.ts";
import type { Address, Platform } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { formatAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { version } from "../version.ts";
import { addComet, addJob, addLogic, addProcess, addPushLog } from "./role_metrics.ts";
import { listenersText, listenForClients, runningServer } from "./listeners.ts";
import { openApi } from "./http.ts";
import {
  access,
  announceLimit,
  cometOptions,
  logicOptions,
  newRunId,
  nodeOf,
  warnOfOrigins,
} from "./wiring.ts";
import { NOT_LISTENING, type RunningServer } from "./running.ts";

const log = getLogger(["halley"]);

/** Comet, logic and job in this process, with everything in memory. */
export class OneProcess {
  readonly #clock = systemClock;
  readonly #prng = systemPrng();
  readonly #running = new RunningClock(this.#clock);
  /** The comet lives as long as this process: nobody gives it up. */
  readonly #nodes = new MemoryNodes(this.#clock, Infinity);
  readonly #server: string;
  readonly #pushLog: MemoryPushLog;
  readonly #logic: Logic;
  readonly #comet: Comet;
  readonly #job: Job;
  #http: HttpServer | undefined;
  #ready = false;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {
    const clock = this.#clock;
    const running = this.#running;
    const prng = this.#prng;
    const server = this.#server = newRunId(config.serverId, clock, prng);
    const comets = new StaticCometDirectory();
    const pushLog = this.#pushLog = new MemoryPushLog(clock, {
      partitions: config.partitions,
      partitionBytesMax: config.pushLogBytesMax,
    });
    this.#logic = new Logic({
      pushLog,
      sessions: new MemorySessions(this.#nodes),
      nodes: this.#nodes,
      comets,
      clock,
      options: logicOptions(config, 0),
    });
    this.#comet = new Comet({
      server,
      streams: platform.streams,
      logic: this.#logic,
      clock,
      running,
      prng,
      options: cometOptions(config, platform.process),
    });
    comets.add(server, this.#comet);
    // The one comet shares this process and cannot be stuck alone: it sets the pace, and a push that
    // finds no room is refused, which the caller sees, instead of being shed.
    const laneBytesMax = Math.min(jobDefaults.laneBytesMax, config.pushLogBytesMax / 2);
    const options = { laneBytesMax, stallMsMax: Infinity };
    this.#job = new Job({ owner: server, pushLog, comets, clock, running, prng, options });
  }

  async open(): Promise<RunningServer> {
    const { config, platform } = this;
    const listeners = await listenForClients(this.#comet, config);
    await this.#comet.join(nodeOf(config, platform.process, this.#server, ""));
    this.#job.start();
    const metrics = this.#metrics();
    this.#http = await openApi(
      { config, platform, running: this.#running, metrics },
      this.#logic,
      () => this.#ready ? undefined : NOT_LISTENING,
    );
    const http = this.#http.address;
    this.#ready = true;
    this.#announce(listeners, http);
    return runningServer(listeners, http, () => this.close());
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  /**
   * Upstream first, so that what was accepted still reaches the clients; they do not wait for
   * requests that are half sent, which are refused when they come whole.
   */
  async #close(): Promise<void> {
    const wasReady = this.#ready;
    this.#ready = false;
    const httpClosed = this.#http?.close();
    await this.#http?.quiesce();
    await this.#job.stop();
    await this.#pushLog.close();
    await this.#comet.stop();
    await httpClosed;
    this.#running.stop();
    if (wasReady) log.info("stopped");
  }

  #metrics(): Metrics {
    const metrics = new Metrics();
    addComet(metrics, this.#comet);
    addLogic(metrics, this.#logic);
    addJob(metrics, this.#job);
    addPushLog(metrics, this.#pushLog);
    addProcess(metrics, this.platform.process, this.#running.counters);
    return metrics;
  }

  #announce(listeners: readonly ListenerOptions[], http: Address): void {
    const { config, platform } = this;
    const { runtime } = platform.process;
    log.info("halley starts", { version, runtime, server: this.#server });
    announceLimit(config, platform.process);
    warnOfOrigins(config);
    log.info("listening", {
      ...listenersText(listeners),
      http: `http://${formatAddress(http)}`,
      access: access(config, http),
    });
  }
}
