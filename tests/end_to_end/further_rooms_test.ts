import assert from "node:assert/strict";
import { test } from "node:test";
import { rawFrame, token } from "../support/raw_client.ts";
import { type TestServer, withServer } from "../support/server.ts";
import { type Speaker, SPEAKERS } from "../support/speakers.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

const rooms = [{ type: "live", historySize: 5 }];

/** One client on a server where rooms of type `live` keep five messages. */
class Visitor {
  #requests = 0;

  constructor(private readonly server: TestServer, readonly speaker: Speaker) {}

  /** Asks, and returns the answer, which must come next. */
  async ask(op: number, body: object): Promise<Record<string, unknown>> {
    const seq = ++this.#requests;
    this.speaker.send(op, seq, JSON.stringify(body));
    const told = await this.speaker.next();
    assert.deepEqual([told.op, told.seq], [op + 1, seq]);
    return JSON.parse(told.body);
  }

  /** Pushes to a room of type `live`, and returns where the message stands. */
  async push(room: number, body: string, rest = ""): Promise<{ epoch: string; offset: number }> {
    const call = `/goim/push/room?operation=1000&type=live&room=${room}${rest}`;
    const { code, data } = await this.server.post(call, body) as {
      code: number;
      data?: { epoch: string; offset: number };
    };
    assert.equal(code, 0);
    return data!;
  }

  /** The next frames as `seq:body`, which must be pushes to one room; empty is the primary one. */
  async pushes(count: number, room: string): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) {
      const told = await this.speaker.next();
      assert.deepEqual([told.op, told.room], [1000, room], JSON.stringify(told));
      lines.push(`${told.seq}:${told.body}`);
    }
    return lines;
  }

  auth(fields: object): Promise<Record<string, unknown>> {
    return this.ask(7, JSON.parse(token({ key: "k", accepts: [], ...fields })));
  }
}

const FEATURES = ["rooms", "notices"];

for (const [form, connect] of Object.entries(SPEAKERS)) {
  const inForm = (name: string, use: (visitor: Visitor) => Promise<void>) =>
    test(`${name}, ${form}`, () =>
      withServer({ rooms }, async (server) => {
        const speaker = await connect(server);
        await use(new Visitor(server, speaker));
        speaker.close();
      }));

  inForm("a client gets what it missed of several rooms, then what is live", async (visitor) => {
    for (const body of ["a1", "a2", "a3"]) await visitor.push(1, body);
    let { epoch } = await visitor.push(2, "b1");
    for (let at = 2; at <= 7; at++) ({ epoch } = await visitor.push(2, `b${at}`));
    const auth = await visitor.auth({ room_id: "live://1", last: 2, features: FEATURES });
    const { epoch: epochOfFirst, ...rest } = auth;
    assert.match(epochOfFirst as string, /^.+$/);
    assert.deepEqual(rest, {
      code: 0,
      mid: "1",
      key: "k",
      room: "live://1",
      offset: 3,
      recovered: true,
      missed: 2,
      heartbeat_ms: 240_000,
    });
    assert.deepEqual(await visitor.pushes(2, ""), ["2:a2", "3:a3"]);

    const room = "live://2";
    const joined = { code: 0, room, epoch, offset: 7, online: 1 };
    const since = (offset: number, of = epoch) => ({ room, since: { epoch: of, offset } });
    const join = await visitor.ask(64, since(4));
    assert.deepEqual(join, { ...joined, recovered: true, missed: 3 });
    assert.deepEqual(await visitor.pushes(3, room), ["5:b5", "6:b6", "7:b7"]);
    await visitor.push(2, "b8");
    assert.deepEqual(await visitor.pushes(1, room), ["8:b8"]);
    await visitor.push(1, "a4");
    assert.deepEqual(await visitor.pushes(1, ""), ["4:a4"]);

    // Kept are 4 to 8: what lies between is lost, and the answer shows how much.
    assert.deepEqual(await visitor.ask(66, { room }), { code: 0, room });
    const late = await visitor.ask(64, since(1));
    assert.deepEqual(late, { ...joined, offset: 8, recovered: false, missed: 5 });
    const kept = ["4:b4", "5:b5", "6:b6", "7:b7", "8:b8"];
    assert.deepEqual(await visitor.pushes(5, room), kept);
    await visitor.ask(66, { room });
    const lost = { ...joined, offset: 8, recovered: false, missed: 0 };
    assert.deepEqual(await visitor.ask(64, since(8, "another")), lost);
    await visitor.ask(66, { room });
    assert.deepEqual(await visitor.ask(64, since(9)), lost, "ahead of the room");
    await visitor.push(2, "b9");
    assert.deepEqual(await visitor.pushes(1, room), ["9:b9"]);
  });

  inForm("nothing of a room comes behind the answer that it was left", async (visitor) => {
    await visitor.auth({ room_id: "live://1", features: FEATURES });
    await visitor.push(2, "b1");
    assert.equal((await visitor.ask(64, { room: "live://2" })).missed, 0);
    await visitor.ask(66, { room: "live://2" });
    await visitor.push(2, "b2");
    const { epoch } = await visitor.push(1, "a1");
    const { op, body } = await visitor.speaker.next();
    const notice = { type: "epoch", room: "live://1", epoch, offset: 0, recovered: true };
    assert.deepEqual([op, JSON.parse(body)], [72, notice]);
    assert.deepEqual(await visitor.pushes(1, ""), ["1:a1"]);
    assert.equal((await visitor.ask(66, { room: "live://2" })).code, -400);
  });

  inForm("a client reads history, and hears who is online elsewhere", async (visitor) => {
    for (const at of [10, 20, 30]) await visitor.push(2, `b${at}`, `&media_ms=${at}`);
    await visitor.auth({ room_id: "live://1", features: FEATURES });
    const room = "live://2";
    const offsets = async (query: object) => {
      const { code, messages, first, last, more } = await visitor.ask(68, { room, ...query });
      assert.deepEqual([code, first, last], [0, 1, 3]);
      return [(messages as { offset: number }[]).map(({ offset }) => offset), more];
    };
    assert.deepEqual(await offsets({}), [[1, 2, 3], false]);
    assert.deepEqual(await offsets({ after: 1, limit: 1 }), [[2], true]);
    assert.deepEqual(await offsets({ last: 2 }), [[2, 3], true]);
    assert.deepEqual(await offsets({ from_ms: 20, to_ms: 30 }), [[2], false]);
    const [message] = (await visitor.ask(68, { room, last: 1 })).messages as object[];
    const { time_ms, ...rest } = message as { time_ms: number };
    assert.ok(Number.isSafeInteger(time_ms));
    assert.deepEqual(rest, { offset: 3, op: 1000, media_ms: 30, body: "b30" });
    assert.equal((await visitor.ask(68, { room: "chat://1" })).code, -404);
    assert.equal((await visitor.ask(68, { room, limit: 0 })).code, -400);

    await visitor.ask(64, { room });
    visitor.speaker.send(2, 9, "");
    assert.equal((await visitor.speaker.next()).op, 3);
    const { op, body } = await visitor.speaker.next();
    assert.deepEqual([op, body], [72, '{"type":"online","rooms":{"live://2":1}}']);
  });
}

test("a wrong position closes an auth for good", () =>
  withServer({ rooms }, async (server) => {
    const client = await WebSocketClient.connect(server.wsPort);
    client.socket.send(rawFrame(7, 1, token({ since: { epoch: "e", offset: -1 } })));
    assert.equal((await client.closed).code, 4001);
  }));
