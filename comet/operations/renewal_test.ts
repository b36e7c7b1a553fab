import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { type ClientExtras, ConnectRefused } from "../../protocol/cluster/connection.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";
import { TICK_MS } from "../options.ts";

const extras: ClientExtras = { features: ["rooms", "notices"] };

/** What a client gets that is closed: the disconnect reply over TCP. */
function farewell({ code, reason, reconnect }: typeof CloseCodes[keyof typeof CloseCodes]): string {
  return `6:0:${JSON.stringify({ code, reason, reconnect })}`;
}

/** Renews with a token whose JSON says what it brings. */
async function renew(comet: TestComet, client: MemoryClient, brings: object): Promise<string[]> {
  client.send(7, 9, JSON.stringify(brings));
  await comet.settle();
  return client.lines();
}

describe("a connection that expires", () => {
  it("is closed with 4011, never early and at most a tick late, whatever it sends", async () => {
    for (const offsetMs of [0, 1, 50, 99]) {
      const comet = await TestComet.start({ heartbeatMs: 2_000 });
      await comet.advance(offsetMs);
      const client = await comet.open({ expiresInMs: 5_000 });
      for (let elapsedMs = 0; elapsedMs < 4_000; elapsedMs += 1_000) {
        client.send(2, 1);
        await comet.advance(1_000);
      }
      client.send(2, 1);
      await comet.advance(999);
      assert.equal(client.frames().length, 5, `early at ${offsetMs}`);
      await comet.advance(1 + TICK_MS);
      assert.deepEqual(client.lines(), [farewell(CloseCodes.tokenExpired)], `late at ${offsetMs}`);
      assert.deepEqual([comet.counters.expired, comet.counters.heartbeatTimeouts], [1, 0]);
      assert.deepEqual(comet.left(), NOTHING_LEFT);
      assert.equal(comet.logic.disconnected.length, 1);
    }
  });

  it("is closed for silence before that where it sends no heartbeat", async () => {
    const comet = await TestComet.start({ heartbeatMs: 2_000 });
    const client = await comet.open({ expiresInMs: 5_000 });
    await comet.advance(2_000 + TICK_MS);
    assert.deepEqual(client.lines(), [farewell(CloseCodes.heartbeatTimeout)]);
    assert.deepEqual([comet.counters.expired, comet.counters.heartbeatTimeouts], [0, 1]);
  });

  it("learns how long it has where it knows more than goim", async () => {
    const comet = await TestComet.start();
    const client = await comet.connect();
    client.send(7, 1, JSON.stringify({ expiresInMs: 5_000, extras }));
    await comet.settle();
    assert.equal(JSON.parse(client.lines()[0].slice(4)).expires_ms, 5_000);
    assert.equal((await comet.open({ expiresInMs: 5_000 })).ended, false);
  });
});

describe("operation 7 on a connection that expires", () => {
  it("lets it stay as long as the fresh token says", async () => {
    const comet = await TestComet.start({ heartbeatMs: 100_000 });
    const client = await comet.open({ expiresInMs: 5_000, extras });
    await comet.advance(4_000);
    assert.deepEqual(await renew(comet, client, { expiresInMs: 9_000 }), [
      '8:9:{"code":0,"expires_ms":9000}',
    ]);
    await comet.advance(8_999);
    assert.deepEqual(client.lines(), []);
    await comet.advance(1 + TICK_MS);
    assert.deepEqual(client.lines(), [farewell(CloseCodes.tokenExpired)]);
    assert.equal(comet.counters.renewals, 1);
  });

  it("asks logic as who it is, with the address, and the token that it may keep", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("renewAuth");
    const client = await comet.open({ mid: 7, key: "k", expiresInMs: 5_000 });
    client.send(7, 9, "a token");
    await comet.settle();
    const [{ request }] = comet.logic.renewals;
    const { token, connectionId, ...rest } = request;
    assert.equal(new TextDecoder().decode(token), "a token");
    assert.equal(connectionId, comet.channels()[0].id);
    assert.deepEqual(rest, { server: "comet-1", mid: 7n, key: "k", remoteAddress: "127.0.0.1" });
  });

  it("is answered with an empty body where the client knows goim alone", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ expiresInMs: 5_000 });
    assert.deepEqual(await renew(comet, client, { expiresInMs: 9_000 }), ["8:9:"]);
  });

  it("may also shorten it, or end the expiry, after which it is the application's", async () => {
    const comet = await TestComet.start();
    const [short, lasting] = [
      await comet.open({ expiresInMs: 50_000 }),
      await comet.open({ expiresInMs: 5_000, extras }),
    ];
    await renew(comet, short, { expiresInMs: 1_000 });
    assert.deepEqual(await renew(comet, lasting, { rooms: ["*"] }), ['8:9:{"code":0}']);
    await comet.advance(60_000);
    assert.deepEqual(short.lines(), [farewell(CloseCodes.tokenExpired)]);
    assert.deepEqual(await renew(comet, lasting, {}), ["7:9:"]);
    assert.equal(comet.logic.received.length, 1);
  });

  it("is the application's where nothing expires, as in goim", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ rooms: ["*"] });
    assert.deepEqual(await renew(comet, client, {}), ["7:9:"]);
    assert.equal(comet.logic.received.length, 1);
  });

  for (const close of [CloseCodes.authFailed, CloseCodes.blocked]) {
    it(`closes with ${close.code} who is refused so`, async () => {
      const comet = await TestComet.start({ addressAuthFailuresMax: 1 });
      comet.logic.renewAuth = () => Promise.reject(new ConnectRefused(close, "no"));
      const client = await comet.open({ expiresInMs: 5_000 });
      assert.deepEqual(await renew(comet, client, {}), [farewell(close)]);
      assert.deepEqual([comet.counters.authFailures, comet.counters.renewals], [1, 0]);
      await comet.advance(TICK_MS);
      assert.deepEqual(comet.left(), NOTHING_LEFT);
      await comet.connect();
      // The token was wrong, or the user was.
      const isFailure = close === CloseCodes.authFailed;
      assert.equal(comet.counters.refusedAuthFailures, isFailure ? 1 : 0);
    });
  }

  const failures = {
    "logic fails": new Error("no link"),
    "a hook fails": new ConnectRefused(CloseCodes.internalError, "a hook failed"),
  };
  for (const [when, failure] of Object.entries(failures)) {
    it(`is answered -500 when ${when}, and the old expiry holds`, async () => {
      const comet = await TestComet.start({ heartbeatMs: 100_000 });
      comet.logic.renewAuth = () => Promise.reject(failure);
      const client = await comet.open({ expiresInMs: 5_000, rooms: ["live://1"] });
      await comet.advance(4_000);
      assert.deepEqual(await renew(comet, client, {}), [
        '8:9:{"code":-500,"message":"the server failed, try again"}',
      ]);
      client.send(12, 1, "live://2");
      await comet.advance(999);
      assert.deepEqual(client.lines(), ["13:1:live://1"]);
      await comet.advance(1 + TICK_MS);
      assert.deepEqual(client.lines(), [farewell(CloseCodes.tokenExpired)]);
      assert.deepEqual([comet.counters.renewalFailures, comet.counters.authFailures], [1, 0]);
    });
  }

  it("closes with 4008 who is in a room where the fresh token does not let it be", async () => {
    const comet = await TestComet.start();
    const start = { room: "live://1", rooms: ["*"], extras, expiresInMs: 5_000 };
    const [primary, further, neither] = [
      await comet.open(start),
      await comet.open({ ...start, room: "log://1" }),
      await comet.open({ ...start, room: "log://1" }),
    ];
    further.send(64, 1, '{"room":"live://1"}');
    await comet.settle();
    further.take();
    const narrow = { rooms: ["log://*"], expiresInMs: 5_000 };
    const refused = farewell(CloseCodes.roomRefused);
    assert.deepEqual(await renew(comet, primary, narrow), [refused]);
    assert.deepEqual(await renew(comet, further, narrow), [refused]);
    assert.deepEqual(await renew(comet, neither, narrow), ['8:9:{"code":0,"expires_ms":5000}']);
    neither.send(64, 2, '{"room":"live://1"}');
    await comet.settle();
    assert.match(neither.lines()[0], /^65:2:\{"code":-403,/);
  });

  it("has what comes behind it wait, and a second renewal for the first", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("renewAuth");
    const client = await comet.open({ expiresInMs: 50_000, rooms: ["live://1"], extras });
    client.send(7, 1, "first");
    client.send(12, 2, "live://2");
    client.send(7, 3, "second");
    client.send(2, 4);
    await comet.settle();
    assert.deepEqual([client.lines(), comet.logic.renewals.length], [[], 1]);
    comet.logic.renewals[0].resolve({ rooms: ["live://*"], expiresInMs: 5_000 });
    await comet.settle();
    assert.deepEqual(client.lines(), ['8:1:{"code":0,"expires_ms":5000}', "13:2:live://2"]);
    assert.equal(comet.logic.renewals.length, 2);
    comet.logic.renewals[1].resolve({ expiresInMs: 6_000 });
    await comet.settle();
    const [second, heartbeat] = client.frames();
    assert.deepEqual([second.seq, heartbeat.op], [3, 3]);
  });

  it("does not hold off the expiry while logic thinks, and is too late then", async () => {
    const comet = await TestComet.start();
    comet.logic.holds.add("renewAuth");
    const [expired, gone] = [
      await comet.open({ expiresInMs: 5_000 }),
      await comet.open({ expiresInMs: 5_000 }),
    ];
    for (const client of [expired, gone]) client.send(7, 1, "fresh");
    await comet.settle();
    gone.reset();
    await comet.advance(5_000 + TICK_MS);
    assert.deepEqual(expired.lines(), [farewell(CloseCodes.tokenExpired)]);
    comet.logic.renewals[0].resolve({ expiresInMs: 9_000 });
    comet.logic.renewals[1].reject(new ConnectRefused(CloseCodes.authFailed, "no"));
    await comet.settle();
    assert.deepEqual([expired.lines(), comet.counters.renewals], [[], 0]);
    assert.equal(comet.counters.authFailures, 0);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("is answered -429 beyond one a second, and five at once, whatever came of them", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ expiresInMs: 50_000 });
    const brings = { expiresInMs: 50_000 };
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(await renew(comet, client, brings), ["8:9:"]);
    }
    comet.logic.renewAuth = () => Promise.reject(new Error("no link"));
    for (let time = 0; time < 2; time++) {
      assert.match((await renew(comet, client, brings))[0], /"code":-500/);
    }
    const tooMany = '8:9:{"code":-429,"message":"too many renewals","retry_ms":1000}';
    for (let time = 0; time < 3; time++) {
      assert.deepEqual(await renew(comet, client, brings), [tooMany]);
    }
    await comet.advance(1_000);
    assert.match((await renew(comet, client, brings))[0], /"code":-500/);
    assert.deepEqual(await renew(comet, client, brings), [tooMany]);
    assert.equal(comet.counters.renewalsTooMany, 4);
  });

  it("is ignored on a connection that is being closed", async () => {
    const comet = await TestComet.start();
    const client = await comet.open({ expiresInMs: 5_000 });
    client.goesWhenTold = false;
    comet.connections.close(comet.channels()[0], CloseCodes.replaced);
    assert.deepEqual(await renew(comet, client, {}), [farewell(CloseCodes.replaced)]);
    assert.equal(comet.counters.renewals, 0);
    await comet.advance(6_000);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});
