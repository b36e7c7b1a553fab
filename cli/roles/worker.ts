import { getLogger } from "@logtape/logtape";
import { parseRpcAddress } from "../../options/address.ts";
import type { Platform } from "../../platform/port.ts";
import { EMPTY } from "../../protocol/frame.ts";
import type { Config } from "../config/schema.ts";
import { setLogLevel } from "../logging.ts";
import { cometOptions, nodeOf } from "../role_options.ts";
import { wireComet } from "../wiring.ts";
import { listenForClients } from "./listeners.ts";
import { addComet, addDisconnects, addRpc } from "./role_metrics.ts";
import { type Opened, RoleProcess } from "./role_process.ts";
import { METRICS_METHOD, metricsAnswer, RELOAD_METHOD } from "./worker_links.ts";

const log = getLogger(["halley"]);

/** Where a worker finds its configuration, which its parent has checked: as JSON. */
export const WORKER_VARIABLE = "HALLEY_WORKER";

/**
 * A comet that shares the ports with others under one parent. That the parent is silent means
 * nothing: it is slow, or stands still, and the clients stay.
 */
export class WorkerRole extends RoleProcess {
  /** Its configuration is that of its parent. */
  protected readonly command = "start";
  readonly #wired;

  constructor(config: Config, platform: Platform) {
    super(config, platform);
    this.#wired = wireComet(this.parts, {
      server: this.id,
      options: cometOptions(config, platform.process),
      logics: config.logic.map((text) => parseRpcAddress(text)!),
      silentMs: Infinity,
      answer: (method, body) => {
        if (method === METRICS_METHOD) return metricsAnswer(this.metrics);
        return method === RELOAD_METHOD ? this.#takeConfig(body) : undefined;
      },
    });
    this.onReload((next) => {
      const options = cometOptions(next, platform.process);
      return () => this.#wired.comet.reconfigure(options);
    });
    // Its parent shows what it counts.
    addComet(this.metrics, this.#wired.comet);
    addDisconnects(this.metrics, this.#wired.logics);
    addRpc(this.metrics, this.parts.counters);
  }

  protected async start(): Promise<Opened> {
    const { config, platform } = this;
    const { comet, logics } = this.#wired;
    logics.start();
    await comet.join(nodeOf(config, platform.process, this.id, ""));
    await listenForClients(comet, config, true);
    log.info("worker listens", { id: this.id });
    return { close: () => this.close() };
  }

  /** What changes, the parent has said. */
  async #takeConfig(body: Uint8Array): Promise<Uint8Array> {
    const { config } = await this.reload(JSON.parse(new TextDecoder().decode(body)));
    setLogLevel(config.logLevel);
    return EMPTY;
  }

  protected stop(): Promise<void> {
    return this.#wired.stop();
  }
}
