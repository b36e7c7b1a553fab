import { connect, type Socket } from "node:net";
import { encodeAuth } from "../client/codec.ts";

/** A client in a room that tells when bytes have come, whatever they are. */
class RoomClient {
  #arrival = Promise.withResolvers<number>();

  constructor(readonly close: () => void) {}

  [Symbol.dispose](): void {
    this.close();
  }

  /** When the next bytes come, in milliseconds. */
  next(): Promise<number> {
    return this.#arrival.promise;
  }

  readonly onBytes = () => {
    this.#arrival.resolve(performance.now());
    this.#arrival = Promise.withResolvers();
  };
}

const authFrame = (room: string) => encodeAuth({ mid: 1, room, platform: "bench" });

/** Connects over TCP and enters a room. */
export async function openTcp(port: number, room: string): Promise<RoomClient> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({ port, host: "127.0.0.1" }, () => resolve(opening));
    opening.once("error", reject);
  });
  socket.setNoDelay(true);
  const client = new RoomClient(() => socket.destroy());
  socket.on("data", client.onBytes);
  const authenticated = client.next();
  socket.write(authFrame(room));
  await authenticated;
  return client;
}

/** Connects over WebSocket and enters a room. */
export async function openWebSocket(port: number, room: string): Promise<RoomClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/sub`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  const client = new RoomClient(() => socket.close());
  socket.onmessage = client.onBytes;
  const authenticated = client.next();
  socket.send(new Uint8Array(authFrame(room)));
  await authenticated;
  return client;
}

/**
 * Pushes to a room over HTTP.
 *
 * @returns When it was answered, in milliseconds.
 * @throws {Error} When it was not accepted.
 */
export async function pushToRoom(
  httpPort: number,
  room: string,
  body: Uint8Array<ArrayBuffer>,
): Promise<number> {
  const [type, id] = room.split("://");
  const url = `http://127.0.0.1:${httpPort}/goim/push/room?operation=1000&type=${type}&room=${id}`;
  const { code } = await (await fetch(url, { method: "POST", body })).json();
  if (code !== 0) throw new Error(`push was answered with code ${code}`);
  return performance.now();
}
