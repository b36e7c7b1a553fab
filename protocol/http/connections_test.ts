import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { request } from "../../tests/support/http_requests.ts";
import { type HttpClient, TestHttp } from "../../tests/support/test_http.ts";
import type { HttpConnection } from "./connection.ts";
import { HttpConnections } from "./connections.ts";
import { HttpCounters } from "./counters.ts";
import { HttpLimits } from "./limits.ts";

const GET = request("GET /a HTTP/1.1");
const HALF_HEAD = "GET /a HTTP/1.1\r\nHo";
const HALF_BODY = request("POST /a HTTP/1.1", ["Host: a", "Content-Length: 3"], "x");

describe("A connection ends", () => {
  it("without a word when nothing comes", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    await server.advance(HttpLimits.headMsMax - HttpLimits.sweepMs);
    assert.equal(client.closed, false);
    await server.advance(HttpLimits.sweepMs);
    assert.ok(client.closed);
    assert.equal(client.take().length, 0);
    assert.equal(server.counters.headTimeouts, 1);
    server.running.stop();
    assert.equal(server.clock.pending, 0);
  });

  it("with 408 when a head does not come in time, however it trickles in", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    for (const byte of HALF_HEAD.slice(0, 11)) {
      await client.say(byte);
      await server.advance(1_000);
    }
    assert.match(client.take().toString(), /^HTTP\/1\.1 408 /);
    assert.ok(client.closed);
    assert.equal(server.counters.headTimeouts, 1);
  });

  it("with 408 when a body does not come in time, however it trickles in", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    await client.say(request("POST /a HTTP/1.1", ["Host: a", "Content-Length: 99"]));
    for (let second = 0; second < 21 && !client.closed; second++) {
      await client.say("x");
      await server.advance(1_000);
    }
    assert.match(client.take().toString(), /^HTTP\/1\.1 408 /);
    assert.ok(client.closed);
    assert.equal(server.counters.bodyTimeouts, 1);
  });

  it("when no further request comes, and the next head has its own time", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    await client.say(GET);
    await server.advance(HttpLimits.idleMsMax - HttpLimits.sweepMs);
    await client.say(GET);
    await server.advance(HttpLimits.idleMsMax - HttpLimits.sweepMs);
    await client.say(HALF_HEAD);
    await server.advance(HttpLimits.headMsMax - HttpLimits.sweepMs);
    await client.say("st: a\r\n\r\n");
    assert.equal(client.bodies().length, 3);
    await server.advance(HttpLimits.idleMsMax);
    assert.ok(client.closed);
    assert.equal(client.take().length, 0);
    assert.equal(server.counters.idleTimeouts, 1);
  });

  it("when an answer is not read in time", async () => {
    const fetch = () => new Response("x".repeat(100_000));
    const server = await TestHttp.start({ fetch, kernelBufferBytes: 1_000 });
    const last = request("GET /a HTTP/1.1", ["Host: a", "Connection: close"]);
    for (const text of [GET, last]) {
      const client = await server.connect();
      client.pause();
      await client.say(text);
      await server.advance(HttpLimits.answerMsMax - HttpLimits.sweepMs);
      assert.equal(server.server.connections, 1);
      await server.advance(HttpLimits.sweepMs);
      assert.equal(server.server.connections, 0);
    }
    assert.equal(server.counters.answerTimeouts, 2);
  });

  it("when its peer does not end it after the last answer", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    client.goesWhenTold = false;
    await client.say(`nonsense\r\n\r\n`);
    await client.say(GET);
    assert.equal(client.closed, false);
    await server.advance(HttpLimits.closeMsMax);
    assert.ok(client.closed);
    assert.equal(client.bodies().length, 1);
  });

  it("not for a handler that takes long", async () => {
    let answer = (_: Response) => {};
    const fetch = () => new Promise<Response>((resolve) => answer = resolve);
    const server = await TestHttp.start({ fetch });
    const client = await server.connect();
    await client.say(GET);
    await server.advance(HttpLimits.idleMsMax * 2);
    answer(new Response("late"));
    await server.settle();
    assert.deepEqual(client.bodies(), ["late"]);
  });

  it("not for a time in which the process itself stood still", async () => {
    const server = await TestHttp.start();
    const client = await server.connect();
    await client.say(HALF_HEAD);
    await server.advance(1_000);
    server.clock.stall(60_000);
    await server.advance(HttpLimits.sweepMs);
    await client.say("st: a\r\n\r\n");
    assert.deepEqual(client.bodies(), ["/a "]);
    assert.equal(server.counters.headTimeouts, 0);
  });
});

describe("A connection too many", () => {
  it("takes the place of who has waited longest between two requests", async () => {
    const server = await TestHttp.start({ connectionsMax: 3 });
    const [half, first, second] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await second.say(GET);
    await server.advance(1_000);
    await first.say(GET);
    await server.advance(HttpLimits.reuseMs);
    await half.say(HALF_BODY);
    const newest = await server.connect();
    assert.deepEqual([half, first, second].map(({ closed }) => closed), [false, false, true]);
    await newest.say(GET);
    assert.deepEqual(newest.bodies(), ["/a "]);
    assert.equal(server.server.connections, 3);
    assert.equal(server.counters.madeRoom, 1);
  });

  it("takes the place of a half head, then of a half body, then of who had an answer just now", async () => {
    const server = await TestHttp.start({ connectionsMax: 3 });
    const [fresh, body, head] = [
      await server.connect(),
      await server.connect(),
      await server.connect(),
    ];
    await fresh.say(GET);
    await body.say(HALF_BODY);
    await head.say(HALF_HEAD);
    for (const closed of [[false, false, true], [false, true, true], [true, true, true]]) {
      await (await server.connect()).say(GET);
      await server.advance(1_000);
      assert.deepEqual([fresh, body, head].map((client) => client.closed), closed);
    }
  });

  it("leaves its answer to who was just told that the connection ends", async () => {
    const server = await TestHttp.start({ connectionsMax: 2 });
    const [silent, answered] = [await server.connect(), await server.connect()];
    answered.goesWhenTold = false;
    await answered.say(request("GET /a HTTP/1.0", []));
    await server.connect();
    assert.deepEqual([silent.closed, answered.closed], [true, false]);
    assert.deepEqual(answered.bodies(), ["/a "]);
  });

  it("is answered 503 where all others have a request under way", async () => {
    const fetch = () => new Promise<Response>(() => {});
    const server = await TestHttp.start({ fetch, connectionsMax: 2 });
    for (let index = 0; index < 2; index++) await (await server.connect()).say(GET);
    for (let index = 0; index < 3; index++) {
      const client = await server.connect();
      assert.match(client.take().toString(), /^HTTP\/1\.1 503 .*Connection: close/s);
      assert.ok(client.closed);
    }
    assert.equal(server.counters.refusedFull, 3);
    assert.equal(server.server.connections, 2);
  });
});

describe("HttpConnections.hold()", () => {
  it("takes short bodies alone once all together are at their limit", () => {
    const connections = new HttpConnections(9, new ManualClock(), new HttpCounters(), () => {});
    const [first, second] = [{ heldBytes: 0 }, { heldBytes: 0 }] as unknown as HttpConnection[];
    assert.ok(connections.hold(first, HttpLimits.requestsBytesMax - 1));
    assert.ok(connections.hold(second, HttpLimits.shortRequestBytes));
    assert.ok(!connections.hold(second, HttpLimits.shortRequestBytes + 1));
    assert.ok(connections.hold(first, 0));
    assert.ok(connections.hold(second, HttpLimits.requestsBytesMax));
  });
});

describe("A long body", () => {
  it("is refused while others have too many", async () => {
    const bodyBytesMax = HttpLimits.requestsBytesMax * 2;
    const server = await TestHttp.start({ bodyBytesMax });
    const client = await server.connect();
    const body = "x".repeat(HttpLimits.requestsBytesMax + 1);
    await client.say(request("POST / HTTP/1.1", ["Host: a", `Content-Length: ${body.length}`]));
    client.write(new TextEncoder().encode(body));
    while (client.take().length === 0) await server.settle();
    assert.equal(server.counters.refusedLong, 1);
  });
});

describe("What a connection holds", () => {
  const heads = HttpLimits.requestsBytesMax / HttpLimits.headBytesMax;
  const longHead = "GET /" + "x".repeat(HttpLimits.headBytesMax - 10);

  it("counts with its heads", async () => {
    const server = await TestHttp.start({ connectionsMax: 2 * heads });
    const clients: HttpClient[] = [];
    for (let index = 0; index <= heads + 1; index++) clients.push(await server.connect());
    for (const client of clients) await client.say(longHead);
    assert.ok(server.counters.refusedLong > 0);
    assert.match(clients.at(-1)!.take().toString(), /^HTTP\/1\.1 503 /);
  });
});
