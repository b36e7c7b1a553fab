import { getLogger } from "@logtape/logtape";
import { backoffMs, type BackoffOptions } from "../../base/backoff.ts";
import { type Clock, sleep } from "../../base/clock.ts";
import type { Prng } from "../../base/prng.ts";
import { type Drivers, openDrivers } from "../../drivers/open.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";
import type { Config } from "../config/schema.ts";

const log = getLogger(["halley"]);

/** Waits between tries to reach the store. */
const backoff: BackoffOptions = { baseMs: 200, maxMs: 2_000, factor: 2, jitter: 0.3 };

/**
 * Opens the store that the configuration names, and waits for it as long as it takes.
 *
 * @param running The time in which this process ran.
 * @param wanted Whether it is still waited for.
 * @throws {Error} With a one-line message when waiting cannot help, as with a wrong password.
 */
export async function openStore(
  config: Config,
  clock: Clock,
  running: Clock,
  prng: Prng,
  wanted: () => boolean,
): Promise<Drivers> {
  const options = {
    token: config.redisToken,
    clock,
    running,
    prng,
    partitions: config.partitions,
    partitionBytesMax: config.pushLogBytesMax,
  };
  for (let attempt = 0;; attempt++) {
    try {
      const drivers = await openDrivers(config.redis, options);
      log.info("has its store", { store: withoutPassword(config.redis) });
      return drivers;
    } catch (error) {
      if (!(error instanceof StoreUnavailable) || !wanted()) throw error;
      if (attempt === 0) {
        log.warn("waits for its store: {error}", {
          store: withoutPassword(config.redis),
          error: error.message,
        });
      }
      await sleep(clock, backoffMs(attempt, backoff, prng));
    }
  }
}

/** A URL as logs may show it. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//");
}
