import { resolve } from "node:path";
import { getLogger } from "@logtape/logtape";
import { type Drivers, openDrivers } from "../../drivers/open.ts";
import type { Hooks } from "../../logic/hooks.ts";
import type { Platform } from "../../platform/port.ts";
import type { Config } from "../config/schema.ts";
import { DEMO_TYPE, warnOfDemo, withDemo } from "../demo.ts";
import { driverOptions } from "../role_options.ts";
import type { Server } from "../server.ts";
import { addPushLog, addStores } from "./role_metrics.ts";
import { RoleProcess } from "./role_process.ts";
import { StoreProbe } from "./store_probe.ts";

const log = getLogger(["halley"]);

/** Logic and job of a process that has all data to itself: in memory, and in a directory. */
export abstract class LocalRole extends RoleProcess<Server> {
  protected readonly command = "start";
  #probe: StoreProbe | undefined;

  constructor(config: Config, platform: Platform, hooks?: Hooks) {
    super(config, platform, hooks);
    warnOfDemo(config);
  }

  /** @throws {Error} With a one-line message when the directory cannot be used. */
  protected async openDrivers(): Promise<Drivers> {
    const { config, metrics, parts } = this;
    const memory = "memory:";
    const pushLog = config.data === "" ? memory : `sqlite:${config.data}`;
    const drivers = this.drivers = await openDrivers({
      pushLog,
      nodes: memory,
      sessions: memory,
      moderation: pushLog,
    }, {
      ...parts,
      ...driverOptions(config),
      // A comet is known until its process ends, however long it is silent.
      nodeLeaseMs: Infinity,
    });
    this.#probe = new StoreProbe(drivers, parts.clock, true);
    if (config.data !== "") log.info("keeps history", { data: resolve(config.data) });
    else if (config.rooms.some(({ type, historySize }) => type !== DEMO_TYPE && historySize > 0)) {
      log.info("keeps history in memory: it ends with this process, unless data names a directory");
    }
    addPushLog(metrics, drivers.pushLog);
    addStores(metrics, drivers.stores);
    return drivers;
  }

  protected override completed(given: Config): Config {
    return withDemo(given, true);
  }

  protected override problem(): Promise<string | undefined> | undefined {
    return this.#probe?.problem();
  }
}
