import type { BareSockets } from "./bare_sockets.ts";
import type { Platform } from "./port.ts";

/**
 * The platform of the runtime we run in. The paths are literal, so that a bundler finds both.
 *
 * @throws {Error} On a runtime that is neither Bun nor Deno.
 */
export async function selectPlatform(): Promise<Platform> {
  if ("Bun" in globalThis) return (await import("./bun/mod.ts")).bunPlatform;
  if ("Deno" in globalThis) return (await import("./deno/mod.ts")).denoPlatform;
  throw new Error("Cannot select a platform: the runtime must be Bun or Deno");
}

/** The bare sockets of the runtime we run in, for benchmarks. */
export async function selectBareSockets(): Promise<BareSockets> {
  if ("Bun" in globalThis) return (await import("./bun/bare_sockets.ts")).bunBareSockets;
  return (await import("./deno/bare_sockets.ts")).denoBareSockets;
}
