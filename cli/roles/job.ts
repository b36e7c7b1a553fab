import { getLogger } from "@logtape/logtape";
import { jobOptions } from "../role_options.ts";
import { version } from "../version.ts";
import { wireJob } from "../wiring.ts";
import { serveMetrics } from "./http.ts";
import { addJob, addRpc } from "./role_metrics.ts";
import type { Opened } from "./role_process.ts";
import { StoreRole } from "./store.ts";

const log = getLogger(["halley"]);

/** The role between the push log and the comets, in a process of its own. */
export class JobRole extends StoreRole {
  protected readonly command = "job";
  #wired: ReturnType<typeof wireJob> | undefined;

  protected async start(): Promise<Opened> {
    const { config, metrics, id } = this;
    const { process } = this.platform;
    log.info("halley job starts", { version, runtime: process.runtime, id });
    // A full store lets it go on with what is there.
    const ports = await this.openStore(false);
    const { job, comets, start } = this.#wired = wireJob(this.parts, {
      owner: id,
      ports,
      options: jobOptions(config),
    });
    addJob(metrics, job);
    addRpc(metrics, this.parts.counters);
    metrics.addGauge("job_comets", "Comets that this job is connected to.", () => comets.connected);
    this.http = await serveMetrics(this);
    start();
    log.info("reads the push log", { id });
    return { close: () => this.close() };
  }

  protected async stop(): Promise<void> {
    await this.#wired?.stop();
  }
}
