import type { BareSockets } from "./bare_sockets.ts";
import type { Platform } from "./port.ts";

const isDeno = "Deno" in globalThis;

/** Arguments of this runtime that run a program with every permission, for tests and benchmarks. */
export const scriptArgs: readonly string[] = isDeno ? ["run", "-q", "-A", "--no-check"] : [];

/** The argument on top of them that lets the program collect its garbage. */
export const exposeGcArg = isDeno ? "--v8-flags=--expose-gc" : "--expose-gc";

/**
 * The platform of the runtime we run in. The paths are literal, so that a bundler finds both.
 *
 * @throws {Error} On a runtime that is neither Bun nor Deno.
 */
export async function selectPlatform(): Promise<Platform> {
  if ("Bun" in globalThis) return (await import("./bun/mod.ts")).bunPlatform;
  if (isDeno) return (await import("./deno/mod.ts")).denoPlatform;
  throw new Error("Cannot select a platform: the runtime must be Bun or Deno");
}

/** The bare sockets of the runtime we run in, for benchmarks. */
export async function selectBareSockets(): Promise<BareSockets> {
  if ("Bun" in globalThis) return (await import("./bun/bare_sockets.ts")).bunBareSockets;
  return (await import("./deno/bare_sockets.ts")).denoBareSockets;
}
