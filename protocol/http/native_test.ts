import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { serveTest } from "../../tests/support/http_server.ts";
import { request } from "../../tests/support/http_requests.ts";
import { within } from "../../tests/support/raw_client.ts";
import type { HttpFetch } from "./request.ts";
import type { HttpServer } from "./server.ts";

async function withServer(
  handler: HttpFetch,
  run: (origin: string, server: HttpServer) => Promise<void>,
): Promise<void> {
  const server = await serveTest(handler);
  try {
    await run(`http://127.0.0.1:${server.address.port}`, server);
  } finally {
    await server.close();
  }
}

/** Sends a text over a socket of its own, and returns all that comes until the server ends it. */
async function exchange({ address }: HttpServer, text: string): Promise<string> {
  const socket: Socket = connect({ host: "127.0.0.1", port: address.port });
  let answer = "";
  socket.setEncoding("latin1");
  socket.on("data", (part: string) => answer += part);
  socket.write(text, "latin1");
  try {
    await within("the end", new Promise((resolve) => socket.once("close", resolve)));
  } finally {
    socket.destroy();
  }
  return answer;
}

describe("An HTTP server on sockets", () => {
  it("gives the handler the request and the peer's address", async () => {
    const handler: HttpFetch = async (request, { remoteAddress }) => {
      const { pathname, search } = new URL(request.url);
      const body = await request.text();
      return Response.json({ method: request.method, pathname, search, body, remoteAddress });
    };
    await withServer(handler, async (origin) => {
      const init = { method: "POST", body: "x".repeat(700_000) };
      const response = await fetch(`${origin}/a/b?c=1&c=2`, init);
      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), {
        method: "POST",
        pathname: "/a/b",
        search: "?c=1&c=2",
        body: init.body,
        remoteAddress: "127.0.0.1",
      });
    });
  });

  it("takes a query of 40 KB, and a body in chunks", async () => {
    const handler: HttpFetch = async (request) =>
      new Response(`${new URL(request.url).search.length} ${await request.text()}`);
    await withServer(handler, async (origin) => {
      const chunks = ["a", "b", "c"].values();
      const body = new ReadableStream({
        pull(controller) {
          const { value } = chunks.next();
          if (value === undefined) controller.close();
          else controller.enqueue(new TextEncoder().encode(value));
        },
      });
      const init = { method: "POST", body, duplex: "half" } as RequestInit;
      const response = await fetch(`${origin}/?${"k".repeat(40_000)}`, init);
      assert.equal(await response.text(), "40001 abc");
    });
  });

  it("passes status, headers and the bytes of a long answer through", async () => {
    const bytes = Uint8Array.from({ length: 3_000_000 }, (_, at) => at * 7);
    const handler = () => new Response(bytes, { status: 404, headers: { "x-halley": "yes" } });
    await withServer(handler, async (origin) => {
      const response = await fetch(origin);
      assert.equal(response.status, 404);
      assert.equal(response.headers.get("x-halley"), "yes");
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes);
    });
  });

  it("lets a refused client read why, whatever it still sends", async () => {
    await withServer(() => new Response(""), async (_, server) => {
      const rest = "x".repeat(1_000_000);
      const text = request("POST / HTTP/1.1", ["Host: a", "Content-Length: 99999999"], rest);
      assert.match(await exchange(server, text), /^HTTP\/1\.1 413 .*"body must be at most /s);
    });
  });

  it("answers many requests that come at once, and ends after the last", async () => {
    let count = 0;
    await withServer(() => new Response(`${++count};`), async (_, server) => {
      const requests = request("GET / HTTP/1.1").repeat(999) + request("GET / HTTP/1.0", []);
      const answers = await exchange(server, requests);
      const numbers = [...answers.matchAll(/\r\n\r\n(\d+);/g)].map(([, number]) => Number(number));
      assert.deepEqual(numbers, Array.from({ length: 1_000 }, (_, index) => index + 1));
    });
  });

  it("goes on after long answers to requests that came at once", async () => {
    const body = "x".repeat(1_000_000);
    await withServer(() => new Response(body), async (_, server) => {
      const requests = request("GET / HTTP/1.1").repeat(4) + request("GET / HTTP/1.0", []);
      const answers = await exchange(server, requests);
      assert.equal(answers.match(/HTTP\/1\.1 200 OK/g)?.length, 5);
      assert.ok(answers.length > 5 * body.length);
    });
  });

  it("says in one line that a port is taken", async () => {
    await withServer(() => new Response(""), async (_, server) => {
      const taken = serveTest(() => new Response(""), server.address.port);
      await assert.rejects(
        taken,
        /^Error: Cannot listen on 127\.0\.0\.1:\d+: address already in use$/,
      );
    });
  });
});
