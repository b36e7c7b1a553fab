import assert from "node:assert/strict";
import { RequestError } from "../../client/request_error.ts";
import type { ClientOptions, ClientStateEvent, JoinOptions, Room } from "../../client/types.ts";
import { ReconnectingClient } from "../../client/client.ts";
import { exchange, SimulatedEnvironment } from "./client_world.ts";
import { SimulatedServer } from "./simulated_server.ts";

/** A client of a simulated server. */
export function connectSimulated(
  options: ClientOptions = {},
  urls: string | readonly string[] = "ws://one/sub",
  keys: readonly string[] = ["live://1"],
  seed = 7,
) {
  const server = new SimulatedServer(Object.fromEntries(keys.map((key) => [key, true])));
  const asked: string[] = [];
  const environment = new SimulatedEnvironment((url) => {
    asked.push(url);
    return server.open();
  }, seed);
  const client = new ReconnectingClient(environment, urls, { token: { mid: 1 }, ...options });
  const states: ClientStateEvent[] = [];
  client.on("state", (event) => states.push(event));
  const run = () => exchange(server);
  /** Lets time go by in small steps, and all that comes of it. */
  const pass = async (spanMs: number) => {
    for (let step = 0; step < 10; step++) {
      environment.clock.advance(spanMs / 10);
      server.pass(environment.clock.monotonicMs());
      await run();
    }
  };
  return { server, environment, client, states, asked, run, pass };
}

export type SimulatedClient = ReturnType<typeof connectSimulated>;

/** Ends the connection of a client. */
export function cut({ server }: SimulatedClient, code = 1006, reason = ""): void {
  for (const connection of [...server.connections]) connection.cut(code, reason);
}

export const LIVE = "live://1";

/** A client in a room of a simulated server. */
export async function joinSimulated(options?: JoinOptions, more: ClientOptions = {}) {
  const server = new SimulatedServer({ [LIVE]: true, "chat://1": false });
  const environment = new SimulatedEnvironment(() => server.open(), 7);
  const token = { mid: 1 };
  const client = new ReconnectingClient(environment, "ws://one/sub", { token, ...more });
  const room = client.join(LIVE, options);
  const events: string[] = [];
  listen(room, events);
  await exchange(server);
  const run = () => exchange(server);
  /** The connection ends, and another one begins. */
  const reconnect = async () => {
    for (const connection of [...server.connections]) connection.cut();
    environment.clock.advance(500);
    await run();
    // So long that it counts as a good one.
    environment.clock.advance(2_000);
  };
  const frame = (seq: number, body: string, more = "") => {
    const [{ down }] = server.connections;
    const text = `{"ver":1,"op":1000,"seq":${seq},"room":"${LIVE}","body":${body}${more}}`;
    down.push(text);
    return run();
  };
  return { server, environment, client, room, events, run, reconnect, frame };
}

/** Notes down every event of a room, a line for each. */
export function listen(room: Room, events: string[]): void {
  for (const name of ["message", "gap", "recovered", "online", "state"] as const) {
    room.on(name, (event: unknown) => void events.push(`${name} ${JSON.stringify(event)}`));
  }
}

/** How a request ends: its answer, or the code that it fails with. */
export function outcome(request: Promise<unknown>): Promise<unknown> {
  return request.catch((error) => {
    assert.ok(error instanceof RequestError);
    return [error.code, error.message, error.retryMs];
  });
}
