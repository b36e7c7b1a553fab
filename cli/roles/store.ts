import { getLogger } from "@logtape/logtape";
import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import { withTimeout } from "../../base/with_timeout.ts";
import { type Drivers, openDrivers } from "../../drivers/open.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";
import type { StoreProblem } from "../../drivers/store.ts";
import { driverOptions } from "../role_options.ts";
import { addPushLog, addStores } from "./role_metrics.ts";
import { RoleProcess, type Running } from "./role_process.ts";

const log = getLogger(["halley"]);

/** How old what the store answered to a probe may be, in milliseconds. */
const PROBE_MS = 1_000;

/** How long a probe waits for that, in milliseconds. */
const ANSWER_MS = 1_000;

/** Waits between tries to reach the store. */
const backoff: BackoffOptions = { baseMs: 200, maxMs: 2_000, factor: 2, jitter: 0.3 };

/** Opens the drivers of a process that has all data to itself, in memory. */
export async function openMemory({ config, parts }: RoleProcess): Promise<Drivers> {
  // A comet is known until its process ends, however long it is silent.
  return await openDrivers("memory:", {
    ...parts,
    ...driverOptions(config),
    nodeLeaseMs: Infinity,
  });
}

/** A role of a cluster that stands on the store. */
export abstract class StoreRole<Open extends Running = Running> extends RoleProcess<Open> {
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

/** Asks the store, once a second at most, whether it can do what a role needs: for `/readyz`. */
export class StoreProbe {
  #asked: Promise<StoreProblem | undefined> | undefined;
  #askedMs = 0;
  #answered = false;

  /** @param needsRoom Whether a full store cannot do what is needed. */
  constructor(
    private readonly drivers: Pick<Drivers, "problem">,
    private readonly clock: Clock,
    private readonly needsRoom: boolean,
  ) {}

  /** Why it cannot, in words that anybody may read; nothing when it can. */
  async problem(): Promise<string | undefined> {
    const ageMs = this.clock.monotonicMs() - this.#askedMs;
    if (this.#asked === undefined || (this.#answered && ageMs >= PROBE_MS)) this.#ask();
    try {
      const problem = await withTimeout(this.clock, ANSWER_MS, this.#asked!);
      return problem?.kind === "full" && !this.needsRoom ? undefined : problem?.reason;
    } catch {
      return "the store does not answer";
    }
  }

  #ask(): void {
    this.#askedMs = this.clock.monotonicMs();
    this.#answered = false;
    const asked = this.#asked = this.drivers.problem();
    asked.catch(() => {}).finally(() => this.#answered = true);
  }
}

/** A URL as logs may show it. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
