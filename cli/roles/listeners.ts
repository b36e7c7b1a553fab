import { getLogger } from "@logtape/logtape";
import type { Comet } from "../../comet/comet.ts";
import type { ListenerOptions } from "../../comet/options.ts";
import { formatAddress } from "../../options/address.ts";
import type { Address } from "../../platform/port.ts";
import { type Config, listenersOf } from "../config/schema.ts";
import { access, warnOfOrigins } from "../role_options.ts";
import type { RoleProcess, RunningServer } from "./role_process.ts";

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
  for (const { address, transport } of listeners) {
    const host = formatAddress(address);
    const text = transport === "tcp" ? host : `ws://${host}/sub`;
    texts[transport] = transport in texts ? `${texts[transport]},${text}` : text;
  }
  return texts;
}

/** Says that a server listens, and how: the server as the program that started it sees it. */
export function runningServer(
  role: RoleProcess<RunningServer>,
  listeners: readonly ListenerOptions[],
  http: Address,
): RunningServer {
  warnOfOrigins(role.config);
  log.info("listening", {
    ...listenersText(listeners),
    http: `http://${formatAddress(http)}`,
    access: access(role.config, http),
  });
  const first = (transport: ListenerOptions["transport"]) => {
    const found = listeners.find((listener) => listener.transport === transport);
    if (found === undefined) throw new Error(`Cannot give an address: no listener is ${transport}`);
    return found.address;
  };
  return {
    listeners,
    http,
    get tcp() {
      return first("tcp");
    },
    get ws() {
      return first("websocket");
    },
    close: () => role.close(),
  };
}
