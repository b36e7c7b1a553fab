import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { ConnectRefused } from "../../protocol/cluster/connection.ts";
import { FAILURES_MS } from "../../protocol/failing_clients.ts";
import { type MemoryClient, UPGRADE } from "../../tests/support/memory_client.ts";
import { utf8 } from "../../tests/support/protocol.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";
import type { Conn } from "../../platform/port.ts";
import type { Channel } from "../channel.ts";
import { TURN_NEWCOMERS_MAX } from "../transport/read_scheduler.ts";
import { REFUSAL_MS, TURN_REFUSALS_MAX } from "./refusals.ts";

/** What a client over TCP was told, in the one frame that it got. */
function told(client: MemoryClient) {
  const [{ op, body }, ...more] = client.frames();
  assert.deepEqual([op, more], [6, []]);
  return JSON.parse(body.toString());
}

/** Status and seconds that a client over WebSocket was told. */
function httpTold(client: MemoryClient): [status: string, retryAfter: number] {
  const text = client.take().toString();
  const [, status, retryAfter] = /^HTTP\/1\.1 (\d+) [\s\S]*Retry-After: (\d+)\r\n/.exec(text)!;
  assert.match(text, /\r\nConnection: close\r\n/);
  return [status, Number(retryAfter)];
}

/** Whether clients of both transports are turned away as a limit says, with what counter. */
async function assertRefused(
  comet: TestComet,
  close: typeof CloseCodes.busy | typeof CloseCodes.addressLimit,
  counter: keyof TestComet["counters"],
): Promise<void> {
  const before = comet.counters[counter] as number;
  const [tcp, webSocket] = [await comet.connect(), await comet.connectWebSocket()];
  const { retry_ms, ...rest } = told(tcp);
  assert.deepEqual(rest, close);
  assert.ok(retry_ms >= 1_000 && retry_ms <= FAILURES_MS + 10_000, String(retry_ms));
  const [status, retryAfter] = httpTold(webSocket);
  assert.equal(status, close === CloseCodes.busy ? "503" : "429");
  assert.ok(retryAfter >= 1 && retryAfter <= FAILURES_MS / 1_000 + 10, String(retryAfter));
  assert.deepEqual([tcp.closed, webSocket.closed], [true, true]);
  assert.equal(comet.counters[counter], before + 2);
}

/** A client comes, and logic refuses it. */
async function refuse(comet: TestComet, error: Error): Promise<void> {
  comet.logic.holds.add("connect");
  const client = await comet.open();
  comet.logic.connects.pop()!.reject(error);
  comet.logic.holds.delete("connect");
  await comet.settle();
  assert.equal(client.ended, true);
}

const { busy, addressLimit } = CloseCodes;

describe("The door of a comet", () => {
  it("turns away whoever comes when the comet is full or shut", async () => {
    const comet = await TestComet.start({ connectionsMax: 1 });
    const first = await comet.open();
    await assertRefused(comet, busy, "refusedFull");
    first.reset();
    comet.connections.isShut = true;
    await assertRefused(comet, busy, "refusedShut");
    assert.deepEqual([comet.left(), comet.connections.door.refusals.size], [NOTHING_LEFT, 0]);
  });

  it("takes so many handshakes at once, and none that is over counts", async () => {
    const comet = await TestComet.start({ handshakesMax: 2, handshakeMs: 1_000 });
    const [, second] = [await comet.connect(), await comet.connectWebSocket()];
    await assertRefused(comet, busy, "refusedHandshakes");
    second.reset();
    // One that gets in makes room, as do one that is late and one that is refused.
    for (let count = 0; count < 3; count++) await comet.open({ key: `${count}` });
    await comet.connect();
    await assertRefused(comet, busy, "refusedHandshakes");
    await comet.advance(1_200);
    assert.equal(comet.connections.door.handshakes, 0);
    await refuse(comet, new ConnectRefused(CloseCodes.authFailed, "no"));
    assert.equal(comet.connections.door.handshakes, 0);
  });

  it("takes so many new connections a second, after a burst", async () => {
    const comet = await TestComet.start({ acceptRate: 2, acceptBurst: 3 });
    for (let count = 0; count < 3; count++) await comet.open({ key: `${count}` });
    await assertRefused(comet, busy, "refusedRate");
    await comet.advance(500);
    await comet.open({ key: "4" });
    await assertRefused(comet, busy, "refusedRate");
    assert.equal(comet.counters.accepted, 4);
  });

  it("takes so many connections of one address, and of any at 0", async () => {
    const comet = await TestComet.start({ addressConnectionsMax: 2 });
    const [first] = [await comet.open({ key: "a" }), await comet.openBinary({ key: "b" })];
    await assertRefused(comet, addressLimit, "refusedAddress");
    first.reset();
    await comet.open({ key: "c" });
    assert.equal(comet.counters.accepted, 3);
  });

  it("turns an address away whose auth failed too often, until a minute has passed", async () => {
    const comet = await TestComet.start({ addressAuthFailuresMax: 2 });
    const stays = await comet.open();
    for (const close of [CloseCodes.tooManyConnections, CloseCodes.authFailed]) {
      await refuse(comet, new ConnectRefused(close, "no"));
    }
    // A fault of the server is none of the client's.
    await refuse(comet, new Error("logic is away"));
    await refuse(comet, new ConnectRefused(CloseCodes.authFailed, "no"));
    await assertRefused(comet, addressLimit, "refusedAuthFailures");
    assert.equal(stays.closed, false);
    await comet.advance(FAILURES_MS);
    assert.equal((await comet.open()).ended, false);
  });

  it("acts on the address that a proxy says, and tells whom it turns away then", async () => {
    const trustedProxies = ["127.0.0.0/8"];
    const options = { addressConnectionsMax: 1, trustedProxies };
    const header = (host: number) =>
      utf8(`PROXY TCP6 2001:db8::${host} 2001:db8::ff 4711 3101\r\n`);
    const comet = await TestComet.start({ ...options, proxy: true });
    const [first, second, webSocket] = [
      await comet.connect(),
      await comet.connect(),
      await comet.connectWebSocket(),
    ];
    for (const [at, client] of [first, second, webSocket].entries()) client.write(header(at));
    await comet.settle();
    assert.deepEqual([first.ended, told(second).code], [false, 4013]);
    assert.equal(httpTold(webSocket)[0], "429");
    first.reset();
    await comet.settle();
    assert.deepEqual([comet.left(), comet.connections.door.handshakes], [NOTHING_LEFT, 0]);

    const behind = await TestComet.start(options);
    const upgrade = utf8(
      new TextDecoder().decode(UPGRADE).replace("\r\n", "\r\nX-Forwarded-For: 10.0.0.1\r\n"),
    );
    const clients = [await behind.connectWebSocket(), await behind.connectWebSocket()];
    for (const client of clients) client.write(upgrade);
    await behind.settle();
    assert.match(clients[0].take().toString(), /^HTTP\/1\.1 101 /);
    assert.deepEqual([httpTold(clients[1])[0], behind.counters.refusedAddress], ["429", 1]);
  });

  it("spreads the times at which those who are turned away may come back", async () => {
    const comet = await TestComet.start({ connectionsMax: 0 });
    const times = new Set<number>();
    for (let count = 0; count < 50; count++) times.add(told(await comet.connect()).retry_ms);
    assert.ok(times.size > 40, `${times.size} times`);
    const seconds = [...times].map((ms) => Math.floor(ms / 1_000));
    assert.ok(new Set(seconds).size >= 7, `${seconds}`);
  });

  it("holds to what its options are now", async () => {
    const comet = await TestComet.start({ addressConnectionsMax: 1 });
    await comet.open();
    await assertRefused(comet, addressLimit, "refusedAddress");
    Object.assign(comet.connections.options, { addressConnectionsMax: 2 });
    assert.equal((await comet.open({ key: "b" })).ended, false);
  });
});

describe("Those who are turned away", () => {
  it("are few at a time, and the others go without a word", async () => {
    const comet = await TestComet.start({ connectionsMax: 0, refusalsMax: 2 });
    const clients: MemoryClient[] = [];
    for (let count = 0; count < 2; count++) {
      const client = await comet.connect();
      clients.push(client);
      assert.equal(client.closed, true);
    }
    const stubborn = () => comet.connect({ goesWhenTold: false });
    const [first, second] = [await stubborn(), await stubborn()];
    const third = await comet.connect();
    assert.deepEqual([third.closed, third.take().length], [true, 0]);
    assert.deepEqual([comet.counters.refusedUntold, comet.counters.refusedFull], [1, 5]);
    assert.deepEqual([told(first).code, told(second).code], [4012, 4012]);
  });

  it("are closed when they do not go, and nothing that they send is kept", async () => {
    const comet = await TestComet.start({ connectionsMax: 0 });
    const client = await comet.connect({ goesWhenTold: false });
    client.send(7, 1, "{}");
    await comet.advance(REFUSAL_MS - 100);
    assert.deepEqual([client.closed, comet.connections.door.refusals.size], [false, 1]);
    await comet.advance(200);
    assert.deepEqual([client.closed, comet.connections.door.refusals.size], [true, 0]);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });

  it("are closed at once when they send what no client sends", async () => {
    const comet = await TestComet.start({ connectionsMax: 0 });
    const client = await comet.connectWebSocket({ goesWhenTold: false });
    client.write(new Uint8Array(64 * 1024));
    await comet.settle();
    assert.equal(client.closed, true);
  });
});

describe("A crowd", () => {
  it("that is turned away is told a few in each turn, all of it, in its order", async () => {
    const comet = await TestComet.start({ connectionsMax: 0 });
    const count = 3 * TURN_REFUSALS_MAX;
    const { refusals } = comet.connections.door;
    const heard: number[] = [];
    const conn = (index: number) =>
      ({ write: () => heard.push(index), end() {} }) as unknown as Conn<Channel | undefined>;
    const conns = Array.from({ length: count }, (_, index) => conn(index));
    for (const each of conns) refusals.tell(each, () => new Uint8Array(1));
    // One that has gone before its turn is not written to.
    refusals.closed(conns[count - 1]);
    const perTurn = [];
    while (heard.length < count - 1) {
      perTurn.push(heard.length);
      await comet.turn();
    }
    assert.deepEqual(perTurn, [1, 2, 3].map((turn) => turn * TURN_REFUSALS_MAX).slice(0, -1));
    assert.deepEqual(heard, Array.from({ length: count - 1 }, (_, index) => index));
    for (const each of conns) refusals.closed(each);
    assert.equal(refusals.size, 0);
  });

  it("that does not go is closed a few in each turn, all of it", async () => {
    const comet = await TestComet.start({ connectionsMax: 0 });
    const { refusals } = comet.connections.door;
    const conn = {
      write() {},
      end() {},
      evict() {
        refusals.closed(this as unknown as Conn<Channel | undefined>);
      },
    };
    for (let count = 3 * TURN_REFUSALS_MAX; count > 0; count--) {
      refusals.tell({ ...conn } as unknown as Conn<Channel | undefined>, () => new Uint8Array(1));
    }
    await comet.settle();
    comet.clock.stall(REFUSAL_MS);
    const left = [];
    refusals.tick();
    while (refusals.size > 0) {
      left.push(refusals.size);
      await comet.turn();
    }
    assert.deepEqual(left, [2 * TURN_REFUSALS_MAX, TURN_REFUSALS_MAX]);
  });

  it("that is let in is served a few in each turn, while those who are in are at once", async () => {
    const comet = await TestComet.start({ operationsMax: 0 });
    const honest = await comet.open({ key: "honest" });
    const crowd = await Promise.all(
      Array.from({ length: 5 * TURN_NEWCOMERS_MAX }, () => comet.connect()),
    );
    for (const [index, client] of crowd.entries()) client.send(7, 1, `{"key":"${index}"}`);
    for (let turns = 0; comet.counters.authenticated <= crowd.length; turns++) {
      const { authenticated } = comet.counters;
      honest.send(2, turns);
      await comet.turn();
      const welcomed = comet.counters.authenticated - authenticated;
      assert.ok(welcomed <= 2 * TURN_NEWCOMERS_MAX, `${welcomed} in one turn`);
      assert.ok(turns < 30, "the crowd gets in");
    }
    await comet.settle();
    assert.ok(honest.frames().length > 3);
    assert.equal(crowd.filter((client) => client.frames()[0].op === 8).length, crowd.length);
    assert.equal(comet.connections.door.handshakes, 0);
  });
});
