import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../base/clock.ts";
import type { ClientExtras } from "../protocol/cluster/connection.ts";
import { roomDefaults } from "../protocol/room_options.ts";
import { TestComet, type TokenFields } from "../tests/support/test_comet.ts";
import { PermissionsMaker } from "./permissions.ts";

const extras: ClientExtras = { features: ["rooms"] };

const rooms = [
  { ...roomDefaults, type: "live", historySize: 10, upstream: "publish" as const },
  { ...roomDefaults, type: "plain" },
];

/** What a client is answered to some frames. */
async function answers(
  fields: TokenFields,
  ...frames: readonly (readonly [op: number, body: string])[]
): Promise<{ comet: TestComet; lines: string[] }> {
  const comet = await TestComet.start({ rooms, publishRate: 0, joinsMax: 0 });
  const client = await comet.open({ room: "live://1", extras, ...fields });
  const lines: string[] = [];
  for (const [op, body] of frames) {
    client.send(op, 1, body);
    await comet.settle();
    lines.push(...client.lines().map((line) => line.replace(/,"(message|epoch|first)":.*/, "")));
  }
  return { comet, lines };
}

describe("an identity's rooms", () => {
  it("let it change to those alone, and leave any", async () => {
    const { comet, lines } = await answers(
      { rooms: ["live://*"] },
      [12, "live://2"],
      [12, "plain://1"],
      [12, "live://2"],
      [12, ""],
      [12, "plain://1"],
    );
    const refused = ["13:1:live://2", "13:1:live://2", "13:1:", "13:1:"];
    assert.deepEqual(lines, ["13:1:live://2", ...refused]);
    assert.equal(comet.counters.joinsRefused, 2);
    assert.equal(comet.connections.rooms.get("plain://1"), undefined);
  });

  it("let it join those alone", async () => {
    const { comet, lines } = await answers(
      { rooms: ["live://1", "live://vip-*"] },
      [64, '{"room":"live://vip-1"}'],
      [64, '{"room":"live://2"}'],
      [64, '{"room":"plain://1"}'],
    );
    const refused = '65:1:{"code":-403';
    assert.deepEqual(lines, ['65:1:{"code":0,"room":"live://vip-1"', refused, refused]);
    assert.deepEqual([comet.counters.joinsRefused, comet.connections.rooms.size], [2, 2]);
  });

  it("let it read the history of those alone, and of a room that it is in", async () => {
    const { comet, lines } = await answers(
      { rooms: ["live://1", "live://vip-*"] },
      [68, '{"room":"live://1"}'],
      [68, '{"room":"live://vip-1"}'],
      [68, '{"room":"live://2"}'],
    );
    assert.deepEqual(lines, [
      '69:1:{"code":0,"room":"live://1"',
      '69:1:{"code":0,"room":"live://vip-1"',
      '69:1:{"code":-403',
    ]);
    assert.ok(comet.logic.queries.every(({ room }) => room !== "live://2"));
  });

  it("keep logic from being asked where they say no, and do not keep it from saying no", async () => {
    const asked: string[] = [];
    const comet = await TestComet.start({ rooms });
    comet.logic.authorizeJoin = ({ room }) => Promise.resolve(asked.push(room) === 0);
    const fields = { room: "live://1", rooms: ["live://*"], extras, asksJoins: true };
    const client = await comet.open(fields);
    client.send(12, 1, "live://2");
    client.send(12, 2, "plain://1");
    client.send(64, 3, '{"room":"plain://1"}');
    client.send(68, 4, '{"room":"live://3"}');
    await comet.settle();
    const [a, b, c, d] = client.lines();
    assert.deepEqual([a, b], ["13:1:live://1", "13:2:live://1"]);
    assert.match(c, /^65:3:\{"code":-403,/);
    assert.match(d, /^69:4:\{"code":-403,/);
    assert.deepEqual(asked, ["live://2", "live://3"]);
  });

  it("also say where it publishes, by operation 70 and by 4, where nothing else does", async () => {
    const message: [number, string] = [70, '{"room":"live://1","body":"x"}'];
    const taken = ['71:1:{"code":0,"room":"live://1"', "5:1:"];
    const refused = ['71:1:{"code":-403', '5:1:{"code":-403'];
    const cases: readonly (readonly [TokenFields, string[]])[] = [
      [{}, taken],
      [{ rooms: ["live://*"] }, taken],
      [{ publish: [] }, refused],
      [{ rooms: ["*"], publish: ["live://2"] }, refused],
      [{ rooms: ["live://1"], publish: ["live://1"] }, taken],
      [{ rooms: ["live://1"], publish: ["*"] }, taken],
    ];
    for (const [fields, expected] of cases) {
      const { comet, lines } = await answers(fields, message, [4, "x"]);
      assert.deepEqual(lines, expected, JSON.stringify(fields));
      const { published, publishesRefused } = comet.counters;
      assert.deepEqual([published, publishesRefused], expected === taken ? [2, 0] : [0, 2]);
      assert.equal(comet.logic.published.length, published);
    }
  });

  it("do not hold back operation 4 where it is the application's", async () => {
    const { comet, lines } = await answers({ room: "plain://1", publish: [] }, [4, "x"]);
    assert.deepEqual([lines, comet.logic.received.length], [["5:1:"], 1]);
  });
});

describe("PermissionsMaker", () => {
  it("makes nothing for who may do anything, and one object for those who may do the same", () => {
    const clock = new ManualClock(5_000);
    const maker = new PermissionsMaker(clock);
    const said = () => ({ rooms: ["live://*", "log://1"], publish: ["live://1"] });
    const first = maker.of(said())!;
    assert.deepEqual(first, { ...said(), expiresMs: Infinity, renewedUntilMs: 0 });
    assert.equal(maker.of({}), null);
    assert.equal(maker.of(said()), first);
    const other = maker.of({ ...said(), expiresInMs: 7 })!;
    assert.deepEqual(other, { ...said(), expiresMs: 5_007, renewedUntilMs: 0 });
    assert.ok(other.rooms === first.rooms && other.publish === first.publish);
    assert.equal(maker.of(said()), first);
    assert.deepEqual(maker.of({ rooms: [] }), {
      rooms: [],
      publish: undefined,
      expiresMs: Infinity,
      renewedUntilMs: 0,
    });
    assert.deepEqual(maker.of({ expiresInMs: 0 }), {
      rooms: undefined,
      publish: undefined,
      expiresMs: 5_000,
      renewedUntilMs: 0,
    });
  });
});
