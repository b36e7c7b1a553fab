import { getLogger } from "@logtape/logtape";
import { openAuth } from "../auth.ts";
import * as options from "../role_options.ts";
import type { Server } from "../server.ts";
import { version } from "../version.ts";
import { wireServer } from "../wiring.ts";
import { openApi } from "./http.ts";
import { listenForClients, runningServer } from "./listeners.ts";
import { LocalRole } from "./local.ts";
import { addComet, addJob, addLogic, addProbe } from "./role_metrics.ts";

const log = getLogger(["halley"]);

/** Comet, logic and job in this process, with everything in memory. */
export class OneProcess extends LocalRole {
  #server: ReturnType<typeof wireServer> | undefined;

  protected async start(): Promise<Server> {
    const { config, platform, metrics } = this;
    const { process } = platform;
    const ports = await this.openDrivers();
    const { comet, logic, job } = this.#server = wireServer(this.parts, {
      comet: { server: this.id, options: options.cometOptions(config, process) },
      logic: {
        ports,
        options: options.logicOptions(config, process, await openAuth(config, process)),
        hooks: this.hooks,
      },
      job: options.jobOptions(config),
    });
    this.onReload(async (next) => {
      const ofComet = options.cometOptions(next, process);
      const ofLogic = options.logicOptions(next, process, await openAuth(next, process));
      return () => {
        comet.reconfigure(ofComet);
        logic.reconfigure(ofLogic);
      };
    });
    const listeners = await listenForClients(comet, config);
    await comet.join(options.nodeOf(config, process, this.id, ""));
    job.start();
    addComet(metrics, comet);
    addProbe(metrics, comet);
    addLogic(metrics, logic);
    addJob(metrics, job);
    const http = this.http = await openApi(this, logic, listeners);
    log.info("halley starts", { version, runtime: process.runtime, server: this.id });
    options.announceLimit(config, process);
    return runningServer(this, logic, listeners, http.address);
  }

  protected override async problem(): Promise<string | undefined> {
    return await super.problem() ?? this.#server?.comet.probe.problem(true);
  }

  /** Clients do not wait for requests that are half sent: they are refused when they come whole. */
  protected async stop(): Promise<void> {
    await this.http?.quiesce();
    await this.#server?.stop();
  }
}
