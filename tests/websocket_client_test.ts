import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createConnection } from "node:net";
import { describe, test } from "node:test";
import { WebSocket as ImportedWebSocket } from "ws";

import { CodecServer, pattern } from "./support/codec_server.ts";
import { within } from "./support/raw_client.ts";
import { hex } from "./support/websocket_frames.ts";
import { wsPackage } from "./support/ws_package.ts";

type WebSocketClass = typeof globalThis.WebSocket;

/** Clients that know nothing of our codec; all speak the interface of browsers. */
const clients: Record<string, WebSocketClass> = {
  "the runtime's own WebSocket": globalThis.WebSocket,
  "the ws package": wsPackage.WebSocket as unknown as WebSocketClass,
  "what the runtime imports as ws": ImportedWebSocket as unknown as WebSocketClass,
};

/** What a client saw, in order. */
class Client {
  readonly socket: WebSocket;
  readonly #seen: (string | Uint8Array)[] = [];
  #wake = () => {};

  constructor(WebSocket: WebSocketClass, url: string) {
    this.socket = new WebSocket(url);
    this.socket.binaryType = "arraybuffer";
    const saw = (what: string | Uint8Array) => {
      this.#seen.push(what);
      this.#wake();
    };
    this.socket.addEventListener("open", () => saw("open"));
    this.socket.addEventListener("error", () => {});
    this.socket.addEventListener("close", ({ code, reason, wasClean }) => {
      saw(`close ${code} ${reason} ${wasClean}`);
    });
    this.socket.addEventListener("message", ({ data }) => {
      saw(typeof data === "string" ? `text ${data}` : new Uint8Array(data));
    });
  }

  async next(): Promise<string | Uint8Array> {
    while (this.#seen.length === 0) {
      await within("what comes next", new Promise<void>((resolve) => this.#wake = resolve));
    }
    return this.#seen.shift()!;
  }

  /** Sends and returns what comes back. */
  exchange(data: string | Uint8Array<ArrayBuffer>): Promise<string | Uint8Array> {
    this.socket.send(data);
    return this.next();
  }
}

/** Connects a client to the codec and lets `use` talk. */
function withClient(
  WebSocket: WebSocketClass,
  use: (client: Client, server: CodecServer) => Promise<void>,
): () => Promise<void> {
  return () =>
    CodecServer.with(async (server, url) => {
      const client = new Client(WebSocket, url);
      assert.equal(await client.next(), "open");
      assert.match(await server.next(), /^accepted 127\.0\.0\.1:\d+ /);
      await use(client, server);
      if (client.socket.readyState !== client.socket.CLOSED) {
        client.socket.close();
        assert.match(String(await client.next()), /^close 1005 /);
      }
    });
}

for (const [name, WebSocket] of Object.entries(clients)) {
  describe(`the codec and ${name}`, () => {
    test(
      "exchange text",
      withClient(WebSocket, async (client) => {
        assert.equal(client.socket.extensions, "");
        for (const text of ["", "Hello", "€ \u{10ffff} \0", "a".repeat(125), "b".repeat(16384)]) {
          assert.equal(await client.exchange(text), `text ${text}`);
        }
      }),
    );

    test(
      "exchange binary messages",
      withClient(WebSocket, async (client) => {
        for (const length of [0, 1, 26, 125, 126, 127, 255, 256, 4112, 16384]) {
          const bytes = new Uint8Array(pattern(length));
          assert.deepEqual(await client.exchange(bytes), bytes);
        }
      }),
    );

    test(
      "exchange many messages sent at once",
      withClient(WebSocket, async (client) => {
        for (let index = 0; index < 500; index++) client.socket.send(`message ${index}`);
        for (let index = 0; index < 500; index++) {
          assert.equal(await client.next(), `text message ${index}`);
        }
      }),
    );

    test(
      "agree on long messages of the server",
      withClient(WebSocket, async (client) => {
        for (const length of [125, 126, 65535, 65536, 70_000, 300_000]) {
          const received = await client.exchange(`send:${length}`);
          assert.ok(Buffer.from(pattern(length)).equals(received as Uint8Array), `${length} bytes`);
        }
      }),
    );

    test(
      "agree on the server's ping",
      withClient(WebSocket, async (client) => {
        assert.equal(await client.exchange("ping:"), "text pong:");
        assert.equal(await client.exchange("ping:abc"), "text pong:616263");
      }),
    );

    test(
      "agree on a close by the client",
      withClient(WebSocket, async (client, server) => {
        client.socket.close(4321, "bye €");
        assert.equal(await server.next(), "close 4321 bye €");
        assert.equal(await client.next(), "close 4321  true");
      }),
    );

    test(
      "agree on a close without a code",
      withClient(WebSocket, async (client, server) => {
        client.socket.close();
        assert.equal(await server.next(), "close 1005 ");
        assert.equal(await client.next(), "close 1005  true");
      }),
    );

    test(
      "agree on a close by the server",
      withClient(WebSocket, async (client, server) => {
        assert.equal(
          await client.exchange("close:4003:slow reader"),
          "close 4003 slow reader true",
        );
        assert.match(await server.next(), /^close 4003 /);
      }),
    );

    test(
      "end on a message that is too big, with 1009",
      withClient(WebSocket, async (client, server) => {
        assert.match(
          String(await client.exchange(new Uint8Array(16385))),
          /^close 1009 message too big /,
        );
        assert.equal(await server.next(), "error 1009");
      }),
    );

    test("end when the upgrade is refused", () =>
      CodecServer.with(async (server, url) => {
        const client = new Client(WebSocket, `${url}/other`);
        assert.equal(await server.next(), "refused 404");
        // Deno tells 0 where browsers tell 1006.
        assert.match(String(await client.next()), /^close (1006|0) .*false$/);
      }));
  });
}

test("the codec and the ws package agree on fragments and on the client's ping", () =>
  CodecServer.with(async (_server, url) => {
    const socket = new wsPackage.WebSocket(url);
    const seen: string[] = [];
    const isOver = new Promise<void>((resolve, reject) => {
      socket.on("open", () => {
        socket.send("Hel", { fin: false, binary: false });
        socket.ping("between");
        socket.send("", { fin: false });
        socket.send("lo", { fin: true });
        socket.send(new Uint8Array([1, 2]), { fin: false });
        socket.send(new Uint8Array([3]), { fin: true });
        socket.close(1000);
      });
      socket.on("message", (data: Buffer, isBinary: boolean) => {
        seen.push(isBinary ? `binary ${hex(data)}` : `text ${data}`);
      });
      socket.on("pong", (data) => seen.push(`pong ${data}`));
      socket.on("close", () => resolve());
      socket.on("error", reject);
    });
    await within("the close", isOver);
    assert.deepEqual(seen, ["pong between", "text Hello", "binary 010203"]);
  }));

test("a head that comes one byte per packet is answered, and frames right behind it", () =>
  CodecServer.with(async (server, url) => {
    const { host, port } = new URL(url);
    const socket = createConnection({ port: Number(port), host: "127.0.0.1", noDelay: true });
    const head = `GET /sub HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\n` +
      "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const received: Buffer[] = [];
    const isOver = new Promise<void>((resolve) => {
      socket.on("data", (chunk: Buffer) => received.push(chunk));
      socket.on("end", () => resolve());
    });
    for (const byte of head) {
      await new Promise<void>((resolve) => socket.write(byte, () => resolve()));
    }
    // A masked ping and a masked close, with a key of zeros.
    socket.write(Buffer.from("898100000000" + "41" + "888000000000", "hex"));
    await within("the end", isOver);
    socket.destroy();
    assert.equal(await server.next(), `accepted ${host} `);
    const answer = Buffer.concat(received).toString("latin1");
    assert.ok(
      answer.endsWith(
        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" + "\x8a\x01A" + "\x88\x00",
      ),
      JSON.stringify(answer),
    );
  }));
