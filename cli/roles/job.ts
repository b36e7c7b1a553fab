import { getLogger } from "@logtape/logtape";
import type { Drivers } from "../../drivers/open.ts";
import { jobOptions } from "../role_options.ts";
import { version } from "../version.ts";
import { wireJob } from "../wiring.ts";
import { serveMetrics } from "./metrics_server.ts";
import { addJob, addPushLog, addRpc, addStores } from "./role_metrics.ts";
import { RoleProcess, type Running } from "./role_process.ts";
import { openStore, StoreProbe } from "./store.ts";

const log = getLogger(["halley"]);

/** The role between the push log and the comets, in a process of its own. */
export class JobRole extends RoleProcess {
  #drivers: Drivers | undefined;
  #probe: StoreProbe | undefined;
  #wired: ReturnType<typeof wireJob> | undefined;

  protected async start(): Promise<Running> {
    const { config, metrics, id } = this;
    const { process } = this.platform;
    log.info("halley job starts", { version, runtime: process.runtime, id });
    const ports = this.#drivers = await openStore(config, this.parts, () => !this.isClosing);
    // A full store lets it go on with what is there.
    this.#probe = new StoreProbe(ports, this.parts.clock, false);
    const { job, comets, start } = this.#wired = wireJob(this.parts, {
      owner: id,
      ports,
      options: jobOptions(config),
    });
    addJob(metrics, job);
    addPushLog(metrics, ports.pushLog);
    addStores(metrics, ports.stores);
    addRpc(metrics, this.parts.counters);
    metrics.addGauge("job_comets", "Comets that this job is connected to.", () => comets.connected);
    this.http = await serveMetrics(this);
    start();
    log.info("reads the push log", { id });
    return { close: () => this.close() };
  }

  protected override problem(): Promise<string | undefined> | undefined {
    return this.#probe?.problem();
  }

  protected async stop(): Promise<void> {
    await this.#wired?.stop();
    await this.#drivers?.close();
  }
}
