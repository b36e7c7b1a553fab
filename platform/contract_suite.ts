import { backpressureContract } from "./contract/backpressure.ts";
import { crowdContract } from "./contract/crowd.ts";
import { handlerFaultsContract } from "./contract/handler_faults.ts";
import { httpContract, type Send } from "./contract/http.ts";
import { processContract } from "./contract/process.ts";
import { streamsContract } from "./contract/streams.ts";
import type { Platform } from "./port.ts";

/**
 * Registers the tests that every platform must pass.
 *
 * @param name What to call it in the tests' names.
 * @param send Sends a request to an HTTP server of that platform.
 */
export function platformContract(name: string, platform: Platform, send: Send): void {
  streamsContract(name, platform);
  backpressureContract(name, platform);
  crowdContract(name, platform);
  handlerFaultsContract(name, platform);
  httpContract(name, platform, send);
  processContract(name, platform);
}
