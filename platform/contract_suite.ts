import { backpressureContract } from "./contract/backpressure.ts";
import { crowdContract } from "./contract/crowd.ts";
import { handlerFaultsContract } from "./contract/handler_faults.ts";
import { processContract } from "./contract/process.ts";
import { streamsContract } from "./contract/streams.ts";
import type { Platform } from "./port.ts";

/**
 * Registers the tests that every platform must pass.
 *
 * @param name What to call it in the tests' names.
 */
export function platformContract(name: string, platform: Platform): void {
  streamsContract(name, platform);
  backpressureContract(name, platform);
  crowdContract(name, platform);
  handlerFaultsContract(name, platform);
  processContract(name, platform);
}
