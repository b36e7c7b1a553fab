/**
 * Halley, a real-time push server: the public API, and the command line when run.
 *
 * ```ts
 * import { startServer } from "./mod.ts";
 *
 * const anyPort = { hostname: "127.0.0.1", port: 0 };
 * const server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort });
 * await server.pushToRoom(1000, "live://1", "hello");
 * await server.close();
 * ```
 *
 * @module
 */
import { completeConfig } from "./cli/config/load.ts";
import type { Config, GivenConfig } from "./cli/config/schema.ts";
import { main } from "./cli/main.ts";
import { LogicRole } from "./cli/roles/logic.ts";
import type { LogicServer, Server } from "./cli/server.ts";
import { OneProcess } from "./cli/roles/one_process.ts";
import type { Hooks } from "./logic/hooks.ts";
import { ConfigError } from "./options/reading.ts";
import { selectPlatform } from "./platform/select.ts";

export type { Connections } from "./logic/connection_closer.ts";
export type {
  AuthRequest,
  Identity,
  Refusal,
  Replacement,
  Reply,
  UpstreamMessage,
} from "./logic/hooks.ts";
export type { PushOptions, RoomPushOptions } from "./logic/push_options.ts";
export type { CloseCode } from "./protocol/close_codes.ts";
export type { Blocked, ConnectionRef } from "./protocol/cluster/connection.ts";
export type { HistoryMessage, HistoryPage, StreamPosition } from "./protocol/history.ts";
export type { HistoryRange } from "./protocol/history_query.ts";
export { BadRequest } from "./logic/bad_request.ts";
export { PushLogFull, StoreUnavailable } from "./drivers/errors.ts";
export { ConfigError };
export type { Config, Hooks, LogicServer, Server };

/**
 * What a program decides: what differs from the defaults of docs/configuration.md, and where it
 * takes part itself.
 *
 * ```ts
 * import type { ServerOptions } from "./mod.ts";
 *
 * const options: ServerOptions = {
 *   tcp: { hostname: "127.0.0.1", port: 0 },
 *   rooms: [{ type: "live", historySize: 1_000, historyTtlMs: 3_600_000 }],
 *   hooks: { authenticate: () => ({ refuse: "closed today" }) },
 * };
 * console.log(options);
 * ```
 */
export type ServerOptions = GivenConfig & { readonly hooks?: Hooks };

/**
 * Starts a server with every role in this process. Its logs go where the program sends those of
 * the LogTape category `halley`.
 *
 * ```ts
 * import { startServer } from "./mod.ts";
 *
 * const anyPort = { hostname: "127.0.0.1", port: 0 };
 * const server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort });
 * console.log(server.tcp.port);
 * await server.close();
 * ```
 *
 * @throws {ConfigError} When an option is wrong.
 * @throws {Error} With a one-line message when it cannot start, such as when a port is taken.
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const platform = await selectPlatform();
  const config = completeConfig(options, platform.process);
  // A worker is this same program run again, which only the command line knows how to be.
  if (config.workers !== "0") throw new ConfigError(["workers: only on the command line"]);
  return await new OneProcess(config, platform, options.hooks).open();
}

/**
 * Starts a logic of a cluster in this process, so that its hooks hold for all clients of comets
 * that ask it; every logic of a cluster should have the same. Otherwise as
 * {@linkcode startServer}.
 *
 * ```ts ignore
 * import { startLogic } from "./mod.ts";
 *
 * const logic = await startLogic({
 *   redis: "redis://127.0.0.1:6379",
 *   hooks: { authorizeJoin: (_identity, room) => room !== "live://staff" },
 * });
 * console.log(await logic.online());
 * await logic.close();
 * ```
 */
export async function startLogic(options: ServerOptions): Promise<LogicServer> {
  const platform = await selectPlatform();
  const config = completeConfig(options, platform.process, "logic");
  return await new LogicRole(config, platform, options.hooks).open();
}

if (import.meta.main) await main(await selectPlatform());
