import type { Conn, ConnHandler } from "../../platform/port.ts";
import { plainBuffers } from "../../protocol/buffers.ts";
import {
  concatFrames,
  EMPTY,
  encodeFrame,
  forEachFrame,
  type Frame,
  type FrameSink,
} from "../../protocol/frame.ts";
import { Limits } from "../../protocol/limits.ts";
import { Operation } from "../../protocol/operations.ts";
import { FrameSplitter } from "../../protocol/splitter.ts";
import { clientMessage, type MessageSink, ServerMessages } from "./server_messages.ts";
import { ClientState, type VirtualClient } from "./virtual_client.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The end of an HTTP head. */
const HEAD_END = encoder.encode("\r\n\r\n");

/** Largest answer to an upgrade, in bytes. */
const ANSWER_BYTES_MAX = 8 * 1024;

/** A request for WebSocket. */
function upgrade({ host, port }: VirtualClient): Uint8Array {
  return encoder.encode(
    `GET /sub HTTP/1.1\r\nHost: ${host.includes(":") ? `[${host}]` : host}:${port}\r\n` +
      "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
}

/** What clients hear, whatever their transport. */
export interface MessageListener {
  /** Its auth was answered. */
  entered(client: VirtualClient): void;
  /** @param sequence Of the beat. */
  beatAnswered(client: VirtualClient, sequence: number): void;
  /** @param sequence Of the change. */
  roomChanged(client: VirtualClient, sequence: number): void;
  /** @param body Borrowed until the call returns. */
  pushed(client: VirtualClient, body: Uint8Array): void;
  /** The server said something that is not to be understood; `closed` follows. */
  broke(client: VirtualClient, error: Error): void;
  /** The connection is over, whoever ended it. */
  closed(client: VirtualClient): void;
}

/** Speaks goim's frames for all clients, over TCP and WebSocket. */
export class Wire
  implements ConnHandler<VirtualClient>, FrameSink<VirtualClient>, MessageSink<VirtualClient> {
  constructor(private readonly hearer: MessageListener) {}

  /** A client's connection is there: says hello. */
  begin(client: VirtualClient): void {
    client.splitter = client.messages = undefined;
    client.answer = EMPTY;
    if (client.isWebSocket) {
      client.state = ClientState.upgrading;
      client.conn!.write(upgrade(client));
      return;
    }
    client.splitter = new FrameSplitter(plainBuffers, Limits.pushBodyBytesMax);
    this.#authenticate(client);
  }

  beat(client: VirtualClient): void {
    this.#send(client, Operation.Heartbeat, EMPTY, client.beats);
  }

  changeRoom(client: VirtualClient): void {
    this.#send(client, Operation.ChangeRoom, encoder.encode(roomKey(client.room)), client.moves);
  }

  open(): void {}

  data(conn: { context: VirtualClient; evict(): void }, chunk: Uint8Array): void {
    const client = conn.context;
    // The dial has not yet said which client this is, or it was given up.
    if (client === undefined || client.state === ClientState.away) return;
    try {
      if (client.splitter !== undefined) client.splitter.push(chunk, client, this);
      else if (client.messages !== undefined) client.messages.push(chunk, client, this);
      else this.#upgraded(client, chunk);
    } catch (error) {
      this.hearer.broke(client, error as Error);
      conn.evict();
    }
  }

  drain(): void {}

  end(conn: { end(): void }): void {
    conn.end();
  }

  close(conn: Conn<VirtualClient>): void {
    // One that the client has given up already is nothing to it.
    if (conn.context?.conn === conn) this.hearer.closed(conn.context);
  }

  frame(client: VirtualClient, { operation, sequence, body }: Frame): boolean {
    switch (operation) {
      case Operation.AuthReply:
        this.hearer.entered(client);
        break;
      case Operation.HeartbeatReply:
        this.hearer.beatAnswered(client, sequence);
        break;
      case Operation.ChangeRoomReply:
        this.hearer.roomChanged(client, sequence);
        break;
      case Operation.Raw:
        forEachFrame(body, (inner) => this.frame(client, inner));
        break;
      case 1000:
        this.hearer.pushed(client, body);
    }
    return true;
  }

  message(client: VirtualClient, opcode: number, payload: Uint8Array): void {
    if (opcode === 2) forEachFrame(payload, (frame) => this.frame(client, frame));
    if (opcode === 8) client.conn?.end();
    if (opcode === 9) client.conn?.write(clientMessage(payload, 10));
  }

  #upgraded(client: VirtualClient, chunk: Uint8Array): void {
    const bytes = concatFrames([client.answer, chunk]);
    const end = indexOf(bytes, HEAD_END);
    if (end === -1) {
      if (bytes.length > ANSWER_BYTES_MAX) throw new Error("the upgrade has no end");
      client.answer = bytes;
      return;
    }
    client.answer = EMPTY;
    if (decoder.decode(bytes.subarray(9, 12)) !== "101") {
      throw new Error("the server refused the upgrade");
    }
    client.messages = new ServerMessages();
    this.#authenticate(client);
    const rest = bytes.subarray(end + HEAD_END.length);
    if (rest.length > 0) client.messages.push(rest, client, this);
  }

  #authenticate(client: VirtualClient): void {
    client.state = ClientState.authenticating;
    const { index, room } = client;
    const token = `{"mid":${index + 1},"key":"sim-${index}","room_id":"${roomKey(room)}",` +
      `"platform":"sim","accepts":[1000,1001]}`;
    this.#send(client, Operation.Auth, encoder.encode(token));
  }

  #send(client: VirtualClient, operation: number, body: Uint8Array, sequence = 1): void {
    const frame = encodeFrame(operation, sequence, body);
    client.conn?.write(client.isWebSocket ? clientMessage(frame) : frame);
  }
}

function roomKey(room: number): string {
  return `sim://${room}`;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  return -1;
}
