import { backpressureContract } from "./contract/backpressure.ts";
import { crowdContract } from "./contract/crowd.ts";
import { handlerFaultsContract } from "./contract/handler_faults.ts";
import { processContract } from "./contract/process.ts";
import { streamsContract } from "./contract/streams.ts";
import type { Subject } from "./contract/probe.ts";

/**
 * Registers the tests that every platform must pass.
 *
 * @param name What to call it in the tests' names.
 */
export function platformContract(name: string, platform: Subject): void {
  byteStreamsContract(name, platform);
  processContract(name, platform);
}

/**
 * Registers the tests that every kind of byte stream must pass.
 *
 * @param crowd How many connections are many.
 */
export function byteStreamsContract(name: string, platform: Subject, crowd?: number): void {
  streamsContract(name, platform);
  backpressureContract(name, platform);
  crowdContract(name, platform, crowd);
  handlerFaultsContract(name, platform);
}
