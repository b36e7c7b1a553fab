import { getLogger } from "@logtape/logtape";
import { parseRpcAddress } from "../../options/address.ts";
import type { Platform } from "../../platform/port.ts";
import type { Config } from "../config/schema.ts";
import { cometOptions, nodeOf } from "../role_options.ts";
import { wireComet } from "../wiring.ts";
import { listenForClients } from "./listeners.ts";
import { addComet, addDisconnects, addRpc } from "./role_metrics.ts";
import { RoleProcess, type Running } from "./role_process.ts";
import { METRICS_METHOD, metricsAnswer } from "./worker_links.ts";

const log = getLogger(["halley"]);

/** Where a worker finds its configuration, which its parent has checked: as JSON. */
export const WORKER_VARIABLE = "HALLEY_WORKER";

/**
 * A comet that shares the ports with others under one parent. That the parent is silent means
 * nothing: it is slow, or stands still, and the clients stay.
 */
export class WorkerRole extends RoleProcess {
  readonly #wired;

  constructor(config: Config, platform: Platform) {
    super(config, platform);
    this.#wired = wireComet(this.parts, {
      server: this.id,
      options: cometOptions(config, platform.process),
      logics: config.logic.map((text) => parseRpcAddress(text)!),
      silentMs: Infinity,
      answer: (method) => method === METRICS_METHOD ? metricsAnswer(this.metrics) : undefined,
    });
    // Its parent shows what it counts.
    addComet(this.metrics, this.#wired.comet);
    addDisconnects(this.metrics, this.#wired.logics);
    addRpc(this.metrics, this.parts.counters);
  }

  protected async start(): Promise<Running> {
    const { config, platform } = this;
    const { comet, logics } = this.#wired;
    logics.start();
    await comet.join(nodeOf(config, platform.process, this.id, ""));
    await listenForClients(comet, config, true);
    log.info("worker listens", { id: this.id });
    return { close: () => this.close() };
  }

  protected stop(): Promise<void> {
    return this.#wired.stop();
  }
}
