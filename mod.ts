/**
 * Halley, a real-time push server: the public API, and the command line when run.
 *
 * ```ts
 * import { startServer } from "./mod.ts";
 *
 * const server = await startServer({ tcp: { hostname: "127.0.0.1", port: 0 } });
 * console.log(server.tcp.port);
 * await server.close();
 * ```
 *
 * @module
 */
import { completeConfig } from "./cli/config/complete.ts";
import type { Config } from "./cli/config/schema.ts";
import { main } from "./cli/main.ts";
import { type RunningServer, start } from "./cli/start.ts";
import { ConfigError } from "./options/reading.ts";
import { selectPlatform } from "./platform/select.ts";

export { ConfigError };
export type { Config, RunningServer };

/**
 * Starts a server with every role in this process. Its logs go where the program sends those of
 * the LogTape category `halley`.
 *
 * @param options What differs from the defaults of docs/configuration.md.
 * @throws {ConfigError} When an option is wrong.
 * @throws {Error} With a one-line message when it cannot start, such as when a port is taken.
 */
export async function startServer(options: Partial<Config> = {}): Promise<RunningServer> {
  const platform = await selectPlatform();
  const config = completeConfig(options, platform.process);
  // A worker is this same program run again, which only the command line knows how to be.
  if (config.workers !== "0") throw new ConfigError(["workers: only on the command line"]);
  return await start(config, platform);
}

if (import.meta.main) await main(await selectPlatform());
