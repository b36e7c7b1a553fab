import assert from "node:assert/strict";
import { until } from "../../drivers/contract/waiting.ts";
import { describeBeside } from "../support/beside.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";
import { RawClient } from "../support/raw_client.ts";
import { Roles } from "../support/roles.ts";

const limits = { timeout: 30_000 };
const encoder = new TextEncoder();

function bytes(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The text of the next frame, which must be a push. */
async function pushed(client: RawClient): Promise<string> {
  const [{ op, body }] = await client.take(1);
  assert.equal(op, 1000);
  return body.toString();
}

const cases: Readonly<Record<string, (roles: Roles) => Promise<void>>> = {
  async "carry every kind of push from logic over the job to clients"(roles) {
    const logic = await roles.addLogic();
    const { comets } = roles.addJob();
    const a = await roles.addComet("a", logic);
    const b = await roles.addComet("b", logic);
    const inA = await RawClient.open(a.port, { mid: 1, key: "k1", room_id: "live://1" });
    const inB = await RawClient.open(b.port, { mid: 2, key: "k2", room_id: "live://1" });
    const { push } = roles.logic;
    await push.room(1000, "live", "1", bytes("room"));
    for (const client of [inA, inB]) assert.equal(await pushed(client), "room");
    await push.mids(1000, [2n, 3n], bytes("mid"));
    assert.equal(await pushed(inB), "mid");
    await push.keys(1000, ["k1"], bytes("key"));
    assert.equal(await pushed(inA), "key");
    await push.all(1000, 0, bytes("all"));
    for (const client of [inA, inB]) assert.equal(await pushed(client), "all");
    assert.equal(comets.connected, 2);
    await until(
      "both are counted",
      async () => (await roles.logic.online.room("live", ["1"]))["1"] === 2,
    );
    for (const client of [inA, inB]) client.socket.destroy();
  },

  async "close a connection on another comet that has to make room"(roles) {
    const logic = await roles.addLogic({ perKeyMax: 1 });
    const a = await roles.addComet("a", logic);
    const b = await roles.addComet("b", logic);
    const old = await RawClient.open(a.port, { key: "k" });
    const young = await RawClient.open(b.port, { key: "k" });
    const [{ op, body }] = await old.take(1);
    assert.deepEqual([op, JSON.parse(body.toString()).code], [6, 4004]);
    await old.closed;
    young.socket.destroy();
  },

  async "keep a room to its limit over all comets that hold it"(roles) {
    const logic = await roles.addLogic();
    roles.rooms = [{ ...roomDefaults, type: "live", membersMax: 3 }];
    const a = await roles.addComet("a", logic);
    const b = await roles.addComet("b", logic);
    const room_id = "live://1";
    const members = [
      await RawClient.open(a.port, { key: "a1", room_id }),
      await RawClient.open(a.port, { key: "a2", room_id }),
      await RawClient.open(b.port, { key: "b1", room_id }),
    ];
    const other = await RawClient.open(b.port, { key: "b2", room_id: "chat://1" });
    await until("each comet knows of all three", async () => {
      for (const client of [members[0], members[2]]) {
        client.send(2, 9);
        if ((await client.next()).body.readInt32BE() !== 3) return false;
      }
      return true;
    });
    other.send(12, 2, room_id);
    assert.equal((await other.next()).body.toString(), "chat://1");
    members[0].socket.destroy();
    await until("a member's end is known to the other comet", async () => {
      other.send(12, 3, room_id);
      return (await other.next()).body.toString() === room_id;
    });
    assert.equal(b.comet.counters.roomsFull > 0, true);
    for (const client of [...members, other]) client.socket.destroy();
  },

  async "send a room's pushes only to comets that hold it, as clients come and go"(roles) {
    const logic = await roles.addLogic();
    const a = await roles.addComet("a", logic);
    const b = await roles.addComet("b", logic);
    const { job, comets } = roles.addJob();
    const rooms = () => [a, b].map(({ server }) => comets.get(server)?.rooms);
    await until("the job knows the rooms", async () => rooms().every((size) => size === 0));
    const client = await RawClient.open(a.port, { room_id: "live://1" });
    assert.deepEqual(rooms(), [1, 0], "the job knew of the room before the client was told");
    await roles.logic.push.room(1000, "live", "1", bytes("one"));
    assert.equal(await pushed(client), "one");
    await roles.logic.push.room(1000, "live", "2", bytes("nobody's"));
    await until("all is acknowledged", async () => roles.pushLog.entries === 0);
    assert.equal(job.counters.delivered, 1);
    client.send(12, 2, "live://2");
    await client.take(1);
    await roles.logic.push.room(1000, "live", "2", bytes("two"));
    assert.equal(await pushed(client), "two");
    client.socket.destroy();
    await until("the rooms are given up", async () => rooms().every((size) => size === 0));
  },

  async "read what a room has kept in pages that a link carries"(roles) {
    roles.rooms = [{ ...roomDefaults, type: "log", historySize: 5_000 }];
    const { pool } = await roles.addComet("a", await roles.addLogic());
    const body = new Uint8Array(60_000).fill(7);
    for (let push = 0; push < 40; push++) {
      const options = { id: String(push), mediaMs: push, mid: 7n };
      const stream = await roles.logic.push.room(1000, "log", "1", body, options);
      assert.equal(stream!.offset, push + 1);
    }
    const asked = { room: "log://1", limit: 1e9, bytesMax: 1e9 };
    let page = await pool.readHistory({ ...asked, last: 1e9 });
    assert.deepEqual([page.head, page.first, page.messages.length, page.more], [40, 1, 17, true]);
    const offsets: number[] = [];
    do {
      page = await pool.readHistory({ ...asked, after: offsets.at(-1) ?? 0 });
      offsets.push(...page.messages.map(({ offset }) => offset));
    } while (page.more);
    assert.deepEqual(offsets, Array.from({ length: 40 }, (_, index) => index + 1));
    assert.deepEqual(page.messages[0].body, body);
    roles.pushLog.readHistory = () => Promise.reject(new StoreUnavailable("gone"));
    await assert.rejects(pool.readHistory({ ...asked, after: 0 }), { code: "unavailable" });
  },

  async "send pushes on to a comet that a job finds later than clients find it"(roles) {
    const logic = await roles.addLogic();
    const { job } = roles.addJob();
    for (let round = 0; round < 3; round++) {
      const { port } = await roles.addComet(`comet-${round}`, logic);
      const client = await RawClient.open(port, { room_id: `live://${round}` });
      await roles.logic.push.room(1000, "live", String(round), bytes("at once"));
      assert.equal(await pushed(client), "at once");
      client.socket.destroy();
    }
    assert.equal(job.counters.gone, 0);
  },

  async "go on with another logic, and wait for one when there is none"(roles) {
    const first = await roles.addLogic();
    const second = await roles.addLogic();
    const { port, pool } = await roles.addComet("a", first, second);
    await until("both are connected", async () => pool.connected === 2);
    await roles.stopLogic(first);
    for (let client = 0; client < 4; client++) {
      (await RawClient.open(port, { mid: client })).socket.destroy();
    }
    await roles.stopLogic(second);
    const waiting = RawClient.open(port, { mid: 9, key: "late" });
    await until("nobody is there", async () => pool.connected === 0);
    await roles.addLogic({}, second);
    const client = await waiting;
    await until("the comet is known", async () => (await roles.nodes.live()).length === 1);
    client.socket.destroy();
  },
};

describeBeside("roles joined by RPC", limits, cases, (run) => Roles.use(run));
