import type { Clock } from "../../base/clock.ts";
import type { Platform } from "../../platform/port.ts";
import { MemoryProcess, type MemoryProcessOptions } from "./process.ts";
import { memoryStreams } from "./streams.ts";

/** How to simulate a machine. */
export interface MemoryPlatformOptions extends MemoryProcessOptions {
  /** Every event comes in a turn of this clock. */
  readonly clock: Clock;
  /** Bytes the simulated kernel holds for one direction of a connection; 256 KB when absent. */
  readonly kernelBufferBytes?: number;
}

/** A simulated machine with one process. */
export interface MemoryPlatform extends Platform {
  readonly process: MemoryProcess;
}

/** Makes a platform that lives in memory and owes nothing to the runtime, for tests. */
export function memoryPlatform(options: MemoryPlatformOptions): MemoryPlatform {
  const kernel = { clock: options.clock, bufferBytes: options.kernelBufferBytes ?? 256 * 1024 };
  return {
    streams: memoryStreams(kernel),
    process: new MemoryProcess(options),
  };
}
