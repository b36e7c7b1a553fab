import { getLogger } from "@logtape/logtape";
import type { Comet } from "../../comet/comet.ts";
import type { ListenerOptions } from "../../comet/options.ts";
import { formatAddress } from "../../options/address.ts";
import type { Logic } from "../../logic/logic.ts";
import type { Address } from "../../platform/port.ts";
import { type Config, listenersOf } from "../config/schema.ts";
import { warnOfAuth } from "../auth.ts";
import { access, warnOfOrigins } from "../role_options.ts";
import { Server } from "../server.ts";
import type { RoleProcess } from "./role_process.ts";

const log = getLogger(["halley"]);

/**
 * Opens the ports for clients.
 *
 * @param reusePort Whether other processes share them.
 * @returns Where they really are.
 * @throws {Error} With a one-line message when one cannot be opened.
 */
export async function listenForClients(
  comet: Comet,
  config: Config,
  reusePort = false,
): Promise<readonly ListenerOptions[]> {
  const listeners: ListenerOptions[] = [];
  for (const listener of listenersOf(config)) {
    listeners.push({ ...listener, address: await comet.listen(listener, reusePort) });
  }
  return listeners;
}

/** Listeners as the log has them: those of one transport with commas between them. */
export function listenersText(listeners: readonly ListenerOptions[]): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { address, transport, tls } of listeners) {
    const host = formatAddress(address);
    const [tcp, ws] = tls ? ["tls://", "wss"] : ["", "ws"];
    const text = transport === "tcp" ? `${tcp}${host}` : `${ws}://${host}/sub`;
    texts[transport] = transport in texts ? `${texts[transport]},${text}` : text;
  }
  return texts;
}

/** Where an HTTP API is. */
export function httpUrl({ httpTls }: Config, http: Address): string {
  return `${httpTls ? "https" : "http"}://${formatAddress(http)}`;
}

/** Says that a server listens, and how: the server as the program that started it sees it. */
export function runningServer(
  role: RoleProcess<Server>,
  logic: Logic,
  listeners: readonly ListenerOptions[],
  http: Address,
): Server {
  warnOfOrigins(role.config);
  warnOfAuth(role.config, "all", role.hooks);
  const url = httpUrl(role.config, http);
  log.info("listening", {
    ...listenersText(listeners),
    http: url,
    access: access(role.config, http),
    ...(role.config.demo === "on" ? { demo: `${url}/demo` } : {}),
  });
  return new Server(logic, http, () => role.close(), listeners);
}
