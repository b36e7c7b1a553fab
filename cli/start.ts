import type { Hooks } from "../logic/hooks.ts";
import type { Platform } from "../platform/port.ts";
import type { Config } from "./config/schema.ts";
import { OneProcess } from "./roles/one_process.ts";
import { Workers } from "./roles/workers.ts";
import type { Server } from "./server.ts";

/**
 * Starts a server with every role: in this process, or with the connections in worker processes.
 *
 * @throws {Error} With a one-line message when it cannot start; then nothing is left open.
 */
export function start(
  config: Config,
  platform: Platform,
  hooks: Hooks = {},
): Promise<Server> {
  const Role = config.workers === "0" ? OneProcess : Workers;
  return new Role(config, platform, hooks).open();
}
