import type { Platform } from "../port.ts";
import { bunProcess } from "./process.ts";
import { bunStreams } from "./streams.ts";

/** The platform on Bun. */
export const bunPlatform: Platform = {
  streams: bunStreams,
  process: bunProcess,
};
