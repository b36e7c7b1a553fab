import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import type { ListenOptions, Streams } from "../../platform/port.ts";
import { request } from "../../tests/support/http_requests.ts";
import { TestHttp } from "../../tests/support/test_http.ts";
import { HttpCounters } from "./counters.ts";
import { HttpLimits } from "./limits.ts";
import { serveHttp } from "./server.ts";

const GET = request("GET /a HTTP/1.1");
const CLOSE = request("GET /a HTTP/1.1", ["Host: a", "Connection: x, Close"]);
const POST = (body: string) =>
  request("POST /b HTTP/1.1", ["Host: a", `Content-Length: ${body.length}`], body);

/** A handler that answers when it is told to. */
class Held {
  readonly paths: string[] = [];
  #answers: ((response: Response) => void)[] = [];

  fetch = (request: Request): Promise<Response> => {
    this.paths.push(new URL(request.url).pathname);
    return new Promise((resolve) => this.#answers.push(resolve));
  };

  answer(body = "ok"): void {
    this.#answers.shift()!(new Response(body));
  }
}

describe("An answer", () => {
  it("has what the handler said, and what is the server's to say", async () => {
    const headers = {
      "content-type": "text/plain",
      "x-halley": "yes",
      "connection": "upgrade",
      "content-length": "1",
      "transfer-encoding": "chunked",
    };
    const fetch = () => new Response("gone", { status: 404, headers });
    const client = await (await TestHttp.start({ fetch })).connect();
    await client.say(GET);
    assert.equal(
      client.take().toString(),
      "HTTP/1.1 404 Not Found\r\nDate: Thu, 01 Jan 1970 00:16:40 GMT\r\n" +
        "content-type: text/plain\r\nx-halley: yes\r\nContent-Length: 4\r\n\r\ngone",
    );
  });

  it("to HEAD has no body", async () => {
    const client = await (await TestHttp.start({ fetch: () => new Response("text") })).connect();
    await client.say(request("HEAD / HTTP/1.1") + GET);
    const answers = client.take().toString();
    assert.match(answers, /^HTTP\/1\.1 200 OK\r\n[^\0]*Content-Length: 4\r\n\r\nHTTP\/1\.1 200 OK/);
    assert.match(answers, /Content-Length: 4\r\n\r\ntext$/);
  });

  it("of 204 has no length", async () => {
    const fetch = () => new Response(null, { status: 204 });
    const client = await (await TestHttp.start({ fetch })).connect();
    await client.say(GET);
    assert.doesNotMatch(client.take().toString(), /length/i);
  });

  it("comes once to a body in chunks with trailers", async () => {
    const client = await (await TestHttp.start()).connect();
    const head = request("POST /c HTTP/1.1", ["Host: a", "Transfer-Encoding: chunked"]);
    await client.say(`${head}3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n`);
    assert.deepEqual(client.bodies(), ["/c abc"]);
    await client.say(GET);
    assert.deepEqual(client.bodies(), ["/a "]);
  });

  it("is 500 where the handler throws, and the connection goes on", async () => {
    const fetch = (request: Request) => {
      if (request.method === "GET") throw new Error("a bug");
      return Promise.reject(new Error("another"));
    };
    const server = await TestHttp.start({ fetch });
    const client = await server.connect();
    for (const text of [GET, POST("x")]) {
      await client.say(text);
      assert.match(client.take().toString(), /^HTTP\/1\.1 500 .*\{"code":-500,[^}]*\}$/s);
    }
    assert.equal(server.counters.faults, 2);
  });
});

describe("A connection", () => {
  it("is kept for further requests", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    for (const body of ["x", "y"]) {
      await client.say(POST(body));
      assert.deepEqual(client.bodies(), [`/b ${body}`]);
    }
    assert.equal(client.ended, false);
    assert.equal(server.counters.requests, 2);
  });

  for (
    const [what, text] of [
      ["that asks for it", CLOSE],
      ["of HTTP/1.0", request("GET /a HTTP/1.0", [])],
    ]
  ) {
    it(`ends after the answer to a request ${what}`, async () => {
      const server = await TestHttp.start();
      const client = await server.connect();
      await client.say(text);
      assert.match(client.take().toString(), /Connection: close\r\n\r\n\/a $/);
      assert.ok(client.closed);
      assert.equal(server.server.connections, 0);
    });
  }

  it("ends after a refusal, which says why", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    await client.say("GET /a HTTP/1.1\r\nHost: a/b\r\n\r\n" + GET);
    assert.match(
      client.take().toString(),
      /^HTTP\/1\.1 400 .*\{"code":-400,"message":"Host [^}]*\}$/s,
    );
    assert.ok(client.closed);
    assert.deepEqual([server.counters.malformed, server.counters.requests], [1, 0]);
  });

  it("answers what came before its peer ended its side", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    client.write(new TextEncoder().encode(GET + POST("x") + "GET /half"));
    client.end();
    await server.settle();
    assert.deepEqual(client.bodies(), ["/a ", "/b x"]);
    assert.ok(client.closed);
  });

  it("answers one request after the other, in their order", async () => {
    const held = new Held();
    const server = await TestHttp.start({ fetch: held.fetch });
    const client = await server.connect();
    await client.say(GET + POST("x") + GET);
    assert.deepEqual(held.paths, ["/a"]);
    for (const [index, paths] of [["/a", "/b"], ["/a", "/b", "/a"]].entries()) {
      held.answer(String(index));
      await server.settle();
      assert.deepEqual(held.paths, paths);
    }
    held.answer("2");
    await server.settle();
    assert.deepEqual(client.bodies(), ["0", "1", "2"]);
  });

  it("holds back a peer that sends far ahead of the answers", async () => {
    const held = new Held();
    const server = await TestHttp.start({ fetch: held.fetch, kernelBufferBytes: 1_000 });
    const client = await server.connect();
    const count = 1_000;
    await client.say(GET.repeat(count));
    assert.equal(held.paths.length, 1);
    assert.ok(client.pendingBytes > GET.length * count - 10_000, `${client.pendingBytes} wait`);
    for (let index = 1; index <= count; index++) {
      held.answer(`${index}`);
      while (held.paths.length === index && index < count) await server.settle();
    }
    await server.settle();
    assert.deepEqual(client.bodies(), Array.from({ length: count }, (_, index) => `${index + 1}`));
  });

  it("serves nothing more to a peer that does not read, and then goes on", async () => {
    const body = "x".repeat(100_000);
    const fetch = () => new Response(body);
    const server = await TestHttp.start({ fetch, kernelBufferBytes: 1_000 });
    const client = await server.connect();
    client.pause();
    await client.say(GET.repeat(5));
    assert.equal(server.counters.requests, 1);
    client.resume();
    for (let turn = 0; turn < 200; turn++) await server.settle();
    assert.deepEqual(client.bodies(), Array(5).fill(body));
  });

  it("is told to send a body that it asks about, unless the body is refused", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    const fields = ["Host: a", "Expect: 100-Continue"];
    await client.say(request("POST /b HTTP/1.1", [...fields, "Content-Length: 2"]));
    assert.equal(client.take().toString(), "HTTP/1.1 100 Continue\r\n\r\n");
    await client.say("xy");
    assert.deepEqual(client.bodies(), ["/b xy"]);
    await client.say(request("POST /b HTTP/1.1", [...fields, "Content-Length: 2"], "xy"));
    assert.deepEqual(client.bodies(), ["/b xy"]);
    await client.say(request("POST /b HTTP/1.1", [...fields, "Content-Length: 99999"]));
    assert.match(client.take().toString(), /^HTTP\/1\.1 413 /);
  });
});

describe("HttpServer.close()", () => {
  it("waits for no connection without a request", async () => {
    const server = await TestHttp.start();
    const [silent, half, kept] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await half.say("GET / HTTP/1.1\r\nHo");
    await kept.say(GET);
    const closing = server.server.close();
    await server.settle();
    assert.ok(silent.closed && half.closed && kept.closed);
    await closing;
    await assert.rejects(server.connect());
  });

  it("lets requests under way end, half a body included", async () => {
    const held = new Held();
    const server = await TestHttp.start({ fetch: held.fetch });
    const [whole, half] = [await server.connect(), await server.connect()];
    await whole.say(GET);
    await half.say(POST("xyz").slice(0, -1));
    let closed = false;
    const closing = server.server.close().then(() => closed = true);
    await server.settle();
    await half.say("z");
    held.answer("1");
    held.answer("2");
    await server.settle();
    for (const [client, body] of [[whole, "1"], [half, "2"]] as const) {
      const text = client.take().toString();
      assert.ok(text.endsWith(`Connection: close\r\n\r\n${body}`), text);
    }
    await closing;
    assert.ok(closed);
  });

  it("gives up what does not end in time", async () => {
    const held = new Held();
    const server = await TestHttp.start({ fetch: held.fetch });
    const clients = [await server.connect(), await server.connect(), await server.connect()];
    await clients[0].say(GET);
    await clients[1].say(POST("xyz").slice(0, -1));
    clients[2].goesWhenTold = false;
    await clients[2].say(CLOSE);
    held.answer();
    let closed = false;
    const closing = server.server.close().then(() => closed = true);
    await server.settle();
    await server.advance(HttpLimits.closeMsMax - 1);
    assert.equal(closed, false);
    await server.advance(1);
    await closing;
    assert.ok(clients.every((client) => client.closed));
    server.running.stop();
    assert.equal(server.clock.pending, 0);
    held.answer();
    await server.settle();
  });
});

it("an answer that says so is the last of its connection", async () => {
  const headers = { connection: "close" };
  const server = await TestHttp.start({ fetch: async () => new Response("ok", { headers }) });
  const client = await server.connect();
  await client.say(GET);
  assert.match(client.take().toString(), /\r\nConnection: close\r\n\r\nok$/);
  assert.ok(client.closed);
});

describe("HttpServer.quiesce()", () => {
  it("waits for the handler, and refuses what comes whole later", async () => {
    const held = new Held();
    const server = await TestHttp.start({ fetch: held.fetch });
    const [whole, half] = [await server.connect(), await server.connect()];
    await whole.say(GET);
    await half.say(POST("xyz").slice(0, -1));
    let isQuiet = false;
    const quiesced = server.server.quiesce().then(() => isQuiet = true);
    await server.settle();
    assert.equal(isQuiet, false);
    held.answer();
    await server.settle();
    await quiesced;
    assert.deepEqual(whole.bodies(), ["ok"]);
    await half.say("z");
    assert.match(half.take().toString(), /^HTTP\/1\.1 503 .*^Retry-After: 1\r$/ms);
    assert.ok(half.closed);
    assert.deepEqual(held.paths, ["/a"]);
    assert.equal(server.counters.refusedStopping, 1);
  });

  it("does not wait for a handler that takes too long", async () => {
    const server = await TestHttp.start({ fetch: new Held().fetch });
    await (await server.connect()).say(GET);
    const quiesced = server.server.quiesce();
    await server.advance(HttpLimits.closeMsMax);
    await quiesced;
  });
});

it("HttpServer counts connections that the system failed to hand over", async () => {
  const counters = new HttpCounters();
  const address = { hostname: "127.0.0.1", port: 0 };
  const streams = {
    listen(options: ListenOptions<unknown>) {
      options.counters!.acceptFailures++;
      return Promise.resolve({ address, close: () => Promise.resolve() });
    },
  } as unknown as Streams;
  const limits = { connectionsMax: 1, bodyBytesMax: 0 };
  const fetch = () => new Response();
  await serveHttp({ streams, clock: new ManualClock(), address, fetch, counters, ...limits });
  assert.equal(counters.acceptFailures, 1);
});
