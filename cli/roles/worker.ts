import { getLogger } from "@logtape/logtape";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { Comet } from "../../comet/comet.ts";
import { CometService } from "../../comet/rpc/comet_service.ts";
import { LogicPool } from "../../comet/rpc/logic_pool.ts";
import type { Platform } from "../../platform/port.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { parseRpcAddress } from "../../options/address.ts";
import type { Config } from "../config/schema.ts";
import { Metrics } from "../metrics.ts";
import { cometOptions, newRunId, nodeOf } from "./wiring.ts";
import { listenForClients } from "./listeners.ts";
import type { Running } from "./running.ts";
import { addComet, addProcess, addRpc } from "./role_metrics.ts";
import { METRICS_METHOD, metricsAnswer } from "./worker_metrics.ts";

const log = getLogger(["halley"]);

/** Where a worker finds its configuration, which its parent has checked: as JSON. */
export const WORKER_VARIABLE = "HALLEY_WORKER";

/**
 * A comet that shares the ports with others under one parent. That the parent is silent means
 * nothing: it is slow, or stands still, and the clients stay.
 */
export class WorkerRole {
  readonly #running = new RunningClock(systemClock);
  /** What it counts, which its parent shows. */
  readonly #metrics = new Metrics();
  readonly #server: string;
  readonly #pool: LogicPool;
  readonly #comet: Comet;
  #closed: Promise<void> | undefined;

  constructor(private readonly config: Config, private readonly platform: Platform) {
    const clock = systemClock;
    const running = this.#running;
    const prng = systemPrng();
    const { streams, process } = platform;
    const server = this.#server = newRunId(config.serverId, clock, prng);
    const service = new CometService(() => this.#comet);
    const counters = new RpcCounters();
    const logic = this.#pool = new LogicPool({
      server,
      addresses: config.logic.map((text) => parseRpcAddress(text)!),
      streams,
      secret: config.clusterSecret,
      clock: running,
      prng,
      handler: {
        call: (link, method, body) =>
          method === METRICS_METHOD
            ? metricsAnswer(this.#metrics)
            : service.call(link, method, body),
      },
      counters,
      silentMs: Infinity,
    });
    const options = cometOptions(config, process);
    this.#comet = new Comet({ server, streams, logic, clock, running, prng, options });
    addComet(this.#metrics, this.#comet);
    addRpc(this.#metrics, counters);
    addProcess(this.#metrics, process, running.counters);
  }

  async open(): Promise<Running> {
    const { config, platform } = this;
    this.#pool.start();
    await this.#comet.join(nodeOf(config, platform.process, this.#server, ""));
    await listenForClients(this.#comet, config, true);
    log.info("worker listens", { id: this.#server });
    return { close: () => this.close() };
  }

  close(): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #close(): Promise<void> {
    await this.#comet.stop();
    await this.#pool.stop();
    this.#running.stop();
  }
}
