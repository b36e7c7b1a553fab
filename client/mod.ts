/**
 * The SDK for clients: browsers, Bun, Deno, and Node from 22 on.
 *
 * ```ts ignore
 * import { connect } from "./client/mod.ts";
 *
 * const client = connect("ws://127.0.0.1:3102/sub", { token: { mid: 1 } });
 * const room = client.join("live://1", { last: 50 });
 * room.on("message", ({ body }) => console.log(body));
 * await room.publish({ text: "hello" });
 * ```
 *
 * @module
 */
import { ReconnectingClient } from "./client.ts";
import { systemEnvironment } from "./environment.ts";
import type { Client, ClientOptions } from "./types.ts";

export { RequestError } from "./request_error.ts";
export type * from "./types.ts";

/**
 * Connects, and stays connected.
 *
 * @param urls Of a server, `ws://host:3102/sub`, of several, or `http://host:3111` to ask there for
 * the best one.
 * @throws {TypeError} When one is no URL, or there is none.
 */
export function connect(urls: string | readonly string[], options: ClientOptions = {}): Client {
  return new ReconnectingClient(systemEnvironment(options), urls, options);
}
