import { systemClock } from "../system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import type { Platform } from "../port.ts";
import { denoProcess } from "./process.ts";
import { denoStreams } from "./streams.ts";

/** The platform on Deno. */
export const denoPlatform: Platform = {
  streams: denoStreams(systemClock, systemPrng()),
  process: denoProcess,
};
