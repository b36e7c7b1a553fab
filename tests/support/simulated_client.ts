import type { ClientOptions, ClientStateEvent } from "../../client/types.ts";
import { ReconnectingClient } from "../../client/client.ts";
import { exchange, SimulatedEnvironment } from "./client_world.ts";
import { SimulatedServer } from "./simulated_server.ts";

/** A client of a simulated server with the rooms `live://1` and `chat://1`. */
export function connectSimulated(
  options: ClientOptions = {},
  urls: string | readonly string[] = "ws://one/sub",
  keys: readonly string[] = ["live://1"],
) {
  const server = new SimulatedServer(Object.fromEntries(keys.map((key) => [key, true])));
  const asked: string[] = [];
  const environment = new SimulatedEnvironment((url) => {
    asked.push(url);
    return server.open();
  }, 7);
  const client = new ReconnectingClient(environment, urls, { token: { mid: 1 }, ...options });
  const states: ClientStateEvent[] = [];
  client.on("state", (event) => states.push(event));
  const run = () => exchange(server);
  /** Lets time go by in small steps, and all that comes of it. */
  const pass = async (spanMs: number) => {
    for (let step = 0; step < 10; step++) {
      environment.clock.advance(spanMs / 10);
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
