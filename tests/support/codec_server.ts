import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Socket } from "node:net";

import { CloseCodes, ProtocolError } from "../../protocol/close_codes.ts";
import { type MessageSink, WebSocketDecoder } from "../../protocol/websocket/decoder.ts";
import { encodeClose, encodeControl, encodeMessage } from "../../protocol/websocket/encoder.ts";
import { Opcode } from "../../protocol/websocket/opcode.ts";
import { HttpFront } from "../../protocol/http/front.ts";
import { singleField } from "../../protocol/http/head.ts";
import { upgradeRoute } from "../../protocol/websocket/upgrade.ts";
import { within } from "./raw_client.ts";
import { CountedBuffers } from "./websocket_decoding.ts";
import { hex, utf8 } from "./websocket_frames.ts";

/** One accepted socket: the upgrade first, then the codec. */
interface Connection {
  readonly socket: Socket;
  readonly server: CodecServer;
  front: HttpFront | undefined;
  readonly decoder: WebSocketDecoder;
  /** Whether our close frame has gone out; nothing may follow it (RFC 6455 section 5.5.1). */
  isCloseSent: boolean;
}

/** The bytes that a server's message of a given length is filled with. */
export function pattern(length: number): Uint8Array {
  return new Uint8Array(length).map((_, index) => index * 31 + (index >> 8));
}

/**
 * Answers a client's text commands: `send:N` with a binary message of N bytes, `ping:X` with a ping
 * (whose pong comes back as the text `pong:X` in hexadecimal), `close:CODE:REASON` with a close.
 * Everything else is echoed.
 */
const sink: MessageSink<Connection> = {
  frame: () => true,
  message(connection, isText, payload) {
    const { socket } = connection;
    const [command, first, second] = isText ? new TextDecoder().decode(payload).split(":") : [];
    if (command === "send") socket.write(encodeMessage(false, pattern(Number(first))));
    else if (command === "ping") socket.write(encodeControl(Opcode.ping, utf8(first)));
    else if (command === "close") {
      connection.isCloseSent = true;
      socket.write(encodeClose({ code: Number(first), reason: second }));
    } else socket.write(encodeMessage(isText, payload));
    return true;
  },
  ping({ socket }, payload) {
    socket.write(encodeControl(Opcode.pong, payload));
  },
  pong({ socket }, payload) {
    socket.write(encodeMessage(true, utf8(`pong:${hex(payload)}`)));
  },
  close({ socket, server, isCloseSent }, code, reason) {
    server.record(`close ${code} ${reason}`);
    // A close is answered with its own code, unless it is itself an answer.
    if (isCloseSent) socket.end();
    else socket.end(encodeClose({ code, reason: "" }));
  },
};

/** The codec over plain sockets, for clients that know nothing of it. */
export class CodecServer {
  /** What clients did that the server alone can tell. */
  readonly #events: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #buffers = new CountedBuffers();
  readonly #listener = createServer((socket) => this.#accept(socket));
  #wake = () => {};

  /** Listens on any free port of this machine, and closes whatever happens. */
  static async with(use: (server: CodecServer, url: string) => Promise<void>): Promise<void> {
    const server = new CodecServer();
    const listener = server.#listener;
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    try {
      await use(server, `ws://127.0.0.1:${(listener.address() as AddressInfo).port}/sub`);
    } finally {
      for (const socket of server.#sockets) socket.destroy();
      await within("the listener's end", new Promise((resolve) => listener.close(resolve)));
    }
    assert.equal(server.#buffers.lentBytes, 0, "all borrowed memory is returned");
  }

  /** Puts an event on record. */
  record(event: string): void {
    this.#events.push(event);
    this.#wake();
  }

  /** The next event. */
  async next(): Promise<string> {
    while (this.#events.length === 0) {
      await within("an event", new Promise<void>((resolve) => this.#wake = resolve));
    }
    return this.#events.shift()!;
  }

  #accept(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    const connection: Connection = {
      socket,
      server: this,
      front: new HttpFront(this.#buffers, [upgradeRoute]),
      decoder: new WebSocketDecoder(this.#buffers),
      isCloseSent: false,
    };
    socket.on("data", (chunk) => this.#data(connection, chunk as Uint8Array));
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      connection.front?.close();
      connection.decoder.close();
    });
  }

  #data(connection: Connection, chunk: Uint8Array): void {
    const { socket, decoder } = connection;
    let frames = chunk;
    const { front } = connection;
    if (front !== undefined) {
      const answer = front.push(chunk);
      if (answer === undefined) return;
      connection.front = undefined;
      if (answer.status !== 101) {
        decoder.close();
        this.record(`refused ${answer.status}`);
        socket.end(answer.response);
        return;
      }
      socket.write(answer.response);
      const { host, fields } = front.head!;
      this.record(`accepted ${host} ${singleField(fields, "origin") ?? ""}`);
      frames = chunk.subarray(front.consumedBytes);
    }
    try {
      decoder.push(frames, connection, sink);
    } catch (error) {
      const close = error instanceof ProtocolError ? error.close : CloseCodes.internalError;
      this.record(`error ${close.code}`);
      socket.end(encodeClose(close));
    }
  }
}
