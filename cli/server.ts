import type { ListenerOptions } from "../comet/options.ts";
import { Backend } from "../logic/backend.ts";
import type { Logic } from "../logic/logic.ts";
import type { Address } from "../platform/port.ts";

/**
 * A logic that runs, and what a program may ask of it.
 *
 * ```ts
 * import { type LogicServer, startServer } from "./mod.ts";
 *
 * const anyPort = { hostname: "127.0.0.1", port: 0 };
 * const server: LogicServer = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort });
 * await server.pushToRoom(1000, "live://1", "hello");
 * const position = await server.pushToRoom(1000, "vod://1", "hi", { id: "7", mediaMs: 61_500 });
 * console.log(position, await server.history("vod://1", { last: 50 }));
 * await server.pushToKeys(1000, ["key-1", "key-2"], Uint8Array.of(1, 2, 3));
 * await server.pushToMids(1000, [9007199254740993n], "for all your devices");
 * await server.pushToAll(1000, "slowly", 500);
 * console.log(await server.online(), await server.online("live://1"));
 * for (const [room, members] of await server.onlineByRoom()) console.log(room, members);
 * const kicked = { code: 4100, reason: "kicked", reconnect: false };
 * console.log(await server.closeConnections({ mids: [7n] }, kicked), "connections were closed");
 * await server.block({ mid: 7n }, 60_000);
 * console.log(await server.unblock({ mid: 7n }));
 * await server.close();
 * ```
 */
export class LogicServer extends Backend {
  constructor(
    logic: Logic,
    /** Where its HTTP API really is. */
    readonly http: Address,
    /** Settles when everything is closed; calling it again is the same as waiting for the first. */
    readonly close: () => Promise<void>,
  ) {
    super(logic);
  }
}

/**
 * A server of every role that runs; otherwise a {@linkcode LogicServer}.
 *
 * ```ts
 * import { type Server, startServer } from "./mod.ts";
 *
 * const anyPort = { hostname: "127.0.0.1", port: 0 };
 * const server: Server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort });
 * console.log(server.tcp.port, server.ws.port, server.listeners.length);
 * await server.close();
 * ```
 */
export class Server extends LogicServer {
  constructor(
    logic: Logic,
    http: Address,
    close: () => Promise<void>,
    /** Where it really listens for clients. */
    readonly listeners: readonly ListenerOptions[],
  ) {
    super(logic, http, close);
  }

  /** The first of these addresses over TCP; asking for it throws where there is none. */
  get tcp(): Address {
    return this.#first("tcp");
  }

  /** The first of these addresses over WebSocket; asking for it throws where there is none. */
  get ws(): Address {
    return this.#first("websocket");
  }

  #first(transport: ListenerOptions["transport"]): Address {
    const found = this.listeners.find((listener) => listener.transport === transport);
    if (found === undefined) throw new Error(`Cannot give an address: no listener is ${transport}`);
    return found.address;
  }
}
