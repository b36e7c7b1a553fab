import { encodeAuth, encodeChangeRoom, encodeHeartbeat } from "../../client/codec.ts";
import { ClientStream, type StreamEvents } from "../../client/stream.ts";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import type { Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { ClientState, type VirtualClient } from "./virtual_client.ts";

/** What clients are told, whatever their transport. */
export interface ClientEvents {
  /** Its auth was answered. */
  authenticated(client: VirtualClient): void;
  /** @param sequence Of the heartbeat. */
  heartbeatAnswered(client: VirtualClient, sequence: number): void;
  /** @param sequence Of the change. */
  roomChanged(client: VirtualClient, sequence: number): void;
  /** @param body Borrowed until the call returns. */
  pushed(client: VirtualClient, body: Uint8Array): void;
  /** The server said something that is not to be understood; `closed` follows. */
  broke(client: VirtualClient, error: Error): void;
  /** The connection is over, whoever ended it. */
  closed(client: VirtualClient): void;
}

/** The operation of the pushes that are judged. */
const PUSH = 1000;

/** Puts all clients on connections of the platform, over TCP and WebSocket. */
export class Wire implements ConnHandler<VirtualClient>, StreamEvents<VirtualClient> {
  constructor(private readonly events: ClientEvents) {}

  /** A client's connection is there: says hello. */
  begin(client: VirtualClient): void {
    const { host, port, isWebSocket } = client;
    client.state = ClientState.upgrading;
    client.stream = new ClientStream(client, isWebSocket, this);
    client.stream.begin(`${host.includes(":") ? `[${host}]` : host}:${port}`);
  }

  heartbeat(client: VirtualClient): void {
    client.stream!.send(encodeHeartbeat(client.heartbeats));
  }

  changeRoom(client: VirtualClient): void {
    client.stream!.send(encodeChangeRoom(roomKey(client.room), client.moves));
  }

  open(): void {}

  data(conn: { context: VirtualClient; evict(): void }, chunk: Uint8Array): void {
    const client = conn.context;
    // The dial has not yet said which client this is, or it was given up.
    if (client === undefined || client.state === ClientState.disconnected) return;
    try {
      client.stream!.push(chunk);
    } catch (error) {
      this.events.broke(client, error as Error);
      conn.evict();
    }
  }

  drain(): void {}

  end(conn: { end(): void }): void {
    conn.end();
  }

  close(conn: Conn<VirtualClient>): void {
    // One that the client has given up already is nothing to it.
    if (conn.context?.conn === conn) this.events.closed(conn.context);
  }

  opened(client: VirtualClient): void {
    const { index, room } = client;
    client.state = ClientState.authenticating;
    client.stream!.send(encodeAuth({
      mid: index + 1,
      key: `sim-${index}`,
      room: roomKey(room),
      platform: "sim",
      accepts: [PUSH, 1001],
    }));
  }

  frame(client: VirtualClient, { operation, sequence, body }: Frame): void {
    switch (operation) {
      case Operation.AuthReply:
        return this.events.authenticated(client);
      case Operation.HeartbeatReply:
        return this.events.heartbeatAnswered(client, sequence);
      case Operation.ChangeRoomReply:
        return this.events.roomChanged(client, sequence);
      case PUSH:
        return this.events.pushed(client, body);
    }
  }

  closing(client: VirtualClient): void {
    client.conn?.end();
  }

  write(client: VirtualClient, bytes: Uint8Array): void {
    client.conn?.write(bytes);
  }
}

function roomKey(room: number): string {
  return `sim://${room}`;
}
