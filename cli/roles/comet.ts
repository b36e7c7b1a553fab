import { getLogger } from "@logtape/logtape";
import { formatAddress, parseRpcAddress } from "../../options/address.ts";
import type { Platform } from "../../platform/port.ts";
import type { Config } from "../config/schema.ts";
import { warnOfAuth } from "../auth.ts";
import { withDemo } from "../demo.ts";
import {
  announceLimit,
  cometOptions,
  nodeOf,
  reachedHost,
  warnOfOrigins,
} from "../role_options.ts";
import { version } from "../version.ts";
import { wireComet } from "../wiring.ts";
import { listenersText, listenForClients } from "./listeners.ts";
import { serveMetrics } from "./http.ts";
import { addComet, addDisconnects, addProbe, addRpc } from "./role_metrics.ts";
import { type Opened, RoleProcess } from "./role_process.ts";

const log = getLogger(["halley"]);

/** Where a comet listens for jobs where nothing else is said. */
const COMET_RPC = "127.0.0.1:3109";

/** The role that faces the clients, in a process of its own. */
export class CometRole extends RoleProcess {
  protected readonly command = "comet";
  readonly #wired;

  constructor(config: Config, platform: Platform) {
    super(config, platform);
    this.#wired = wireComet(this.parts, {
      server: this.id,
      options: cometOptions(this.config, platform.process),
      logics: config.logic.map((text) => parseRpcAddress(text)!),
      drain: this.stopByCall,
    });
  }

  protected async start(): Promise<Opened> {
    const { config, metrics } = this;
    const { process } = this.platform;
    const { comet, logics } = this.#wired;
    log.info("halley comet starts", { version, runtime: process.runtime, id: this.id });
    this.onReload((next) => {
      const options = cometOptions(next, process);
      return () => comet.reconfigure(options);
    });
    const rpc = await this.#wired.listen(parseRpcAddress(config.rpc || COMET_RPC)!);
    addComet(metrics, comet);
    addProbe(metrics, comet);
    addDisconnects(metrics, logics);
    addRpc(metrics, this.parts.counters);
    metrics.addGauge(
      "comet_logics",
      "Logics that this comet is connected to.",
      () => logics.connected,
    );
    this.http = await serveMetrics(this);
    logics.start();
    // Where jobs reach this comet.
    const reached = formatAddress({ hostname: reachedHost(rpc, process), port: rpc.port });
    await comet.join(nodeOf(config, process, this.id, config.advertiseRpc || reached));
    const listeners = await listenForClients(comet, config);
    announceLimit(config, process);
    warnOfOrigins(config);
    warnOfAuth(config, "comet", {});
    log.info("listening", { ...listenersText(listeners), rpc: formatAddress(rpc) });
    const ended = comet.replaced.then(() =>
      `another comet has registered as "${config.serverId}"; two need different ids`
    );
    return { close: () => this.close(), ended };
  }

  protected override completed(given: Config): Config {
    return withDemo(given, false);
  }

  protected override problem(): string | undefined {
    const { comet, logics } = this.#wired;
    if (logics.connected === 0) return "no logic is connected";
    if (comet.isLogicFailing) return "logic cannot take reports, nor clients";
    return comet.probe.problem();
  }

  /** Clients go to the other comets; metrics and health are still there. */
  protected override drain(): Promise<void> {
    return this.#wired.comet.drain();
  }

  protected stop(): Promise<void> {
    return this.#wired.stop();
  }
}
