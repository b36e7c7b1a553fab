import { getLogger } from "@logtape/logtape";
import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import { sleep } from "../../base/clock.ts";
import { type Drivers, openDrivers } from "../../drivers/open.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";
import { driverOptions } from "../role_options.ts";
import { addPushLog, addStores } from "./role_metrics.ts";
import { type Opened, RoleProcess } from "./role_process.ts";
import { StoreProbe } from "./store_probe.ts";

const log = getLogger(["halley"]);

/** Waits between tries to reach the store. */
const backoff: BackoffOptions = { baseMs: 200, maxMs: 2_000, factor: 2, jitter: 0.3 };

/** A role of a cluster that stands on the store. */
export abstract class StoreRole<Open extends Opened = Opened> extends RoleProcess<Open> {
  #probe: StoreProbe | undefined;

  /**
   * Opens the store that the configuration names, and waits for it as long as it takes.
   *
   * @param needsRoom Whether a full store cannot do what is needed.
   * @throws {Error} With a one-line message when waiting cannot help, as with a wrong password.
   */
  protected async openStore(needsRoom: boolean): Promise<Drivers> {
    const { config: { redis }, metrics, parts: { clock, prng } } = this;
    const store = withoutPassword(redis);
    for (let attempt = 0; this.drivers === undefined; attempt++) {
      try {
        this.drivers = await openDrivers(redis, { ...this.parts, ...driverOptions(this.config) });
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error;
        if (attempt === 0) {
          log.warn("waits for its store: {error}", { store, error: error.message });
        }
        await sleep(clock, backoffMs(attempt, backoff, prng));
      }
    }
    log.info("has its store", { store });
    this.#probe = new StoreProbe(this.drivers, clock, needsRoom);
    addPushLog(metrics, this.drivers.pushLog);
    addStores(metrics, this.drivers.stores);
    return this.drivers;
  }

  protected override problem(): Promise<string | undefined> | undefined {
    return this.#probe?.problem();
  }
}

/** A URL as logs may show it. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
