import assert from "node:assert/strict";
import { describeBeside } from "../support/beside.ts";
import { RawClient } from "../support/raw_client.ts";
import { Roles } from "../support/roles.ts";
import { type LaterEnd, VersionProxy } from "../support/version_proxy.ts";
import { decodeDeliveries } from "../../protocol/cluster/delivery.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { until } from "../../drivers/contract/waiting.ts";
import { utf8 } from "../support/protocol.ts";

async function pushed(client: RawClient): Promise<string> {
  const [{ op, body }] = await client.take(1);
  assert.equal(op, 1000);
  return body.toString();
}

/**
 * A cluster of two halves: one comet is of another version than the other comet, logic and job.
 *
 * @param isCometLater Whether that comet is later than they are, or they are later than it.
 */
async function runMixed(roles: Roles, isCometLater: boolean): Promise<void> {
  const proxies: VersionProxy[] = [];
  const between = async (port: number, later: LaterEnd) => {
    const proxy = await VersionProxy.start(port, later);
    proxies.push(proxy);
    return proxy.port;
  };
  try {
    const logic = await roles.addLogic();
    const { comets } = roles.addJob();
    const same = await roles.addComet("same", logic);
    roles.announcedPort = (port) => between(port, isCometLater ? "listening" : "dialling");
    const other = await roles.addComet(
      "other",
      await between(logic, isCometLater ? "dialling" : "listening"),
    );
    await until("the job reaches both", async () => comets.connected === 2);
    const a = await RawClient.open(same.port, { mid: 1, key: "a", room_id: "live://1" });
    const b = await RawClient.open(other.port, { mid: 2, key: "b", room_id: "live://1" });
    const { push, online } = roles.logic;
    const counted = (room: string, count: number) =>
      until(
        `${count} are in ${room}`,
        async () => ((await online.room("live", [room]))[room] ?? 0) === count,
      );
    await push.room(1000, "live", "1", utf8("room"));
    await push.keys(1000, ["a", "b"], utf8("keys"));
    await push.mids(1000, [1n, 2n], utf8("mids"));
    await push.all(1000, 0, utf8("all"));
    for (const client of [a, b]) {
      for (const text of ["room", "keys", "mids", "all"]) {
        assert.equal(await pushed(client), text);
      }
    }
    await counted("1", 2);
    b.send(12, 2, "live://2");
    assert.equal((await b.take(1))[0].op, 13);
    await push.room(1000, "live", "2", utf8("other room"));
    assert.equal(await pushed(b), "other room");
    await Promise.all([counted("1", 1), counted("2", 1)]);
    // Up to the application, which is logged and answered.
    b.send(4, 3, "up");
    assert.equal((await b.take(1))[0].op, 5);
    b.socket.destroy();
    await counted("2", 0);
    await until("its session has ended", async () => (await online.total()).conn_count === 1);
    a.socket.destroy();
    for (const { grown } of proxies) assert.ok(grown > 2, `${grown} messages had more`);
    const shrunk = proxies.reduce((sum, proxy) => sum + proxy.shrunk, 0);
    if (!isCometLater) assert.ok(shrunk > 2, `${shrunk} messages had less`);
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}

/** Pushes to a room with history reach a comet that knows of none, as plain ones. */
async function runEarlierComet(roles: Roles): Promise<void> {
  const proxies: VersionProxy[] = [];
  const between = async (port: number) => {
    const proxy = await VersionProxy.start(port, "neither");
    proxies.push(proxy);
    return proxy.port;
  };
  try {
    roles.rooms = [{ ...roomDefaults, type: "vod", historySize: 100 }];
    const logic = await roles.addLogic();
    const { comets } = roles.addJob();
    const same = await roles.addComet("same", logic);
    roles.rooms = [];
    roles.announcedPort = between;
    const earlier = await roles.addComet("earlier", await between(logic));
    await until("the job reaches both", async () => comets.connected === 2);
    const a = await RawClient.open(same.port, { mid: 1, key: "a", room_id: "vod://1" });
    const b = await RawClient.open(earlier.port, { mid: 2, key: "b", room_id: "vod://1" });
    for (const [index, text] of ["one", "two", "three"].entries()) {
      const stream = await roles.logic.push.room(1000, "vod", "1", utf8(text));
      assert.equal(stream!.offset, index + 1);
    }
    for (const client of [a, b]) {
      for (const text of ["one", "two", "three"]) assert.equal(await pushed(client), text);
      client.socket.destroy();
    }
    const rooms = proxies.flatMap(({ batches }) => batches).flatMap(decodeDeliveries)
      .filter((delivery) => delivery.kind === "room");
    assert.ok(rooms.length > 0);
    for (const { epoch } of rooms) assert.equal(epoch, "");
  } finally {
    for (const proxy of proxies) await proxy.stop();
  }
}

/** Clients publish through the logics that know of it, and are told where none does. */
async function runEarlierLogic(roles: Roles): Promise<void> {
  roles.rooms = [{ ...roomDefaults, type: "vod", historySize: 100, upstream: "publish" }];
  const logic = await roles.addLogic();
  const proxy = await VersionProxy.start(logic, "neither");
  try {
    const { comets } = roles.addJob();
    const mixed = await roles.addComet("mixed", proxy.port, logic);
    const earlier = await roles.addComet("earlier", proxy.port);
    await until("the job reaches both", async () => comets.connected === 2);
    await until("links to both logics", async () => mixed.pool.connected === 2);
    const fields = { room_id: "vod://1", features: ["rooms"] };
    const a = await RawClient.open(mixed.port, { mid: 1, key: "a", ...fields });
    const b = await RawClient.open(earlier.port, { mid: 2, key: "b", ...fields });
    const request = '{"room":"vod://1","body":"hi"}';
    for (let offset = 1; offset <= 4; offset++) {
      a.send(70, offset, request);
      const frames = (await a.take(2)).toSorted((one, other) => one.op - other.op);
      assert.deepEqual(frames.map(({ op, seq }) => [op, seq]), [[71, offset], [1000, offset]]);
      assert.equal(JSON.parse(frames[0].body.toString()).offset, offset);
    }
    b.send(70, 9, request);
    b.send(4, 10, "by operation 4");
    b.send(999, 11, "to the application");
    const answers = (await b.take(7)).filter(({ op }) => op !== 1000);
    assert.deepEqual(answers.map(({ op, seq }) => [op, seq]), [[71, 9], [5, 10], [999, 11]]);
    const refusal = {
      code: -500,
      message: "no logic takes messages to rooms: all are of an earlier version",
    };
    for (const { body } of answers.slice(0, 2)) {
      assert.deepEqual(JSON.parse(body.toString()), refusal);
    }
    for (const client of [a, b]) client.socket.destroy();
  } finally {
    await proxy.stop();
  }
}

const cases: Readonly<Record<string, (roles: Roles) => Promise<void>>> = {
  "work when a comet is of the next version": (roles) => runMixed(roles, true),
  "work when all but one comet are of the next version": (roles) => runMixed(roles, false),
  "push to rooms with history though a comet knows of none": runEarlierComet,
  "publish what clients say though a logic knows nothing of it": runEarlierLogic,
};

describeBeside("roles of two versions", { timeout: 30_000 }, cases, (run) => Roles.use(run));
