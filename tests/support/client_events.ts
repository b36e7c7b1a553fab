import {
  type Client,
  type ClientOptions,
  type ClientState,
  connect,
  type Listenable,
  type Room,
  type RoomState,
} from "../../client/mod.ts";
import type { ClientEvents, RoomEvents } from "../../client/types.ts";
import { within } from "./raw_client.ts";

/** The URL of the server that listens on a port of this machine. */
export function urlOf(wsPort: number): string {
  return `ws://127.0.0.1:${wsPort}/sub`;
}

/** Runs with a client that is closed whatever happens. */
export async function withClient(
  urls: string | readonly string[],
  options: ClientOptions,
  use: (client: Client) => Promise<void>,
): Promise<void> {
  const client = connect(urls, options);
  try {
    await use(client);
  } finally {
    client.close();
  }
}

function next<Events, Name extends keyof Events>(
  source: Listenable<Events>,
  name: Name,
  isWanted: (event: Events[Name]) => boolean = () => true,
): Promise<Events[Name]> {
  const event = new Promise<Events[Name]>((resolve) => {
    const end = source.on(name, (event) => {
      if (!isWanted(event)) return;
      end();
      resolve(event);
    });
  });
  return within(String(name), event);
}

/** The next event of a client that is as wanted. */
export function clientEvent<Name extends keyof ClientEvents>(
  client: Client,
  name: Name,
  isWanted?: (event: ClientEvents[Name]) => boolean,
): Promise<ClientEvents[Name]> {
  return next<ClientEvents, Name>(client, name, isWanted);
}

/** The next event of a room that is as wanted. */
export function roomEvent<Name extends keyof RoomEvents>(
  room: Room,
  name: Name,
  isWanted?: (event: RoomEvents[Name]) => boolean,
): Promise<RoomEvents[Name]> {
  return next<RoomEvents, Name>(room, name, isWanted);
}

/** Settles when a client is in a state, which may be at once. */
export async function inState(client: Client, wanted: ClientState): Promise<void> {
  if (client.state !== wanted) await clientEvent(client, "state", ({ state }) => state === wanted);
}

/** Settles when a room is in a state, which may be at once. */
export async function roomInState(room: Room, wanted: RoomState): Promise<void> {
  if (room.state !== wanted) await roomEvent(room, "state", ({ state }) => state === wanted);
}
