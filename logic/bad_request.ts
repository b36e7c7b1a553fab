/**
 * A caller asked for what cannot be; the message says what is wrong with which parameter.
 *
 * ```ts
 * import { BadRequest, startServer } from "./mod.ts";
 *
 * const anyPort = { hostname: "127.0.0.1", port: 0 };
 * const server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort });
 * try {
 *   await server.pushToRoom(1000, "no room: ://", "hello");
 * } catch (error) {
 *   if (error instanceof BadRequest) console.log(error.message);
 * }
 * await server.close();
 * ```
 */
export class BadRequest extends Error {
  override readonly name = "BadRequest";
}
