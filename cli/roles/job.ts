import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import type { Drivers } from "../../drivers/open.ts";
import { Job } from "../../job/job.ts";
import { jobDefaults } from "../../job/options.ts";
import { RegisteredComets } from "../../job/rpc/registered_comets.ts";
import type { Platform } from "../../platform/port.ts";
import type { HttpServer } from "../../protocol/http/server.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { parseRpcAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { version } from "../version.ts";
import { addJob, addProcess, addPushLog, addRpc, addStores } from "./role_metrics.ts";
import { serveMetrics } from "./metrics_server.ts";
import { newRunId } from "./wiring.ts";
import type { Running } from "./running.ts";
import { openStore, StoreProbe } from "./store.ts";

const log = getLogger(["halley"]);

/** The role between the push log and the comets, in a process of its own. */
export class JobRole {
  readonly #clock = systemClock;
  readonly #prng = systemPrng();
  readonly #running = new RunningClock(this.#clock);
  readonly #counters = new RpcCounters();
  #drivers: Drivers | undefined;
  #comets: RegisteredComets | undefined;
  #job: Job | undefined;
  #metrics: HttpServer | undefined;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {}

  async open(): Promise<Running> {
    const { config, platform } = this;
    const clock = this.#clock;
    const running = this.#running;
    const prng = this.#prng;
    const owner = newRunId(config.serverId, clock, prng);
    const { runtime } = platform.process;
    log.info("halley job starts", { version, runtime, id: owner });
    const drivers = await openStore(config, clock, running, prng, () => this.#closed === undefined);
    this.#drivers = drivers;
    const comets = this.#comets = new RegisteredComets({
      owner,
      nodes: drivers.nodes,
      streams: platform.streams,
      secret: config.clusterSecret,
      clock,
      running,
      prng,
      parseAddress: parseRpcAddress,
      counters: this.#counters,
    });
    const { pushLog } = drivers;
    const laneBytesMax = Math.min(jobDefaults.laneBytesMax, config.pushLogBytesMax / 2);
    const options = { laneBytesMax };
    const job = this.#job = new Job({ owner, pushLog, comets, clock, running, prng, options });
    // A full store lets it go on with what is there.
    const probe = new StoreProbe(drivers, clock, false);
    this.#metrics = await serveMetrics(
      { config, platform, running: this.#running, metrics: this.#measured() },
      () => probe.problem(),
    );
    comets.start();
    job.start();
    log.info("reads the push log", { id: owner });
    return { close: () => this.close() };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    const metricsClosed = this.#metrics?.close();
    await this.#job?.stop();
    await this.#comets?.stop();
    await this.#drivers?.close();
    await metricsClosed;
    this.#running.stop();
    log.info("stopped");
  }

  #measured(): Metrics {
    const metrics = new Metrics();
    const comets = this.#comets!;
    addJob(metrics, this.#job!);
    addPushLog(metrics, this.#drivers!.pushLog);
    addStores(metrics, this.#drivers!.stores);
    addRpc(metrics, this.#counters);
    metrics.addGauge("job_comets", "Comets that this job is connected to.", () => comets.connected);
    addProcess(metrics, this.platform.process, this.#running.counters);
    return metrics;
  }
}
