import assert from "node:assert/strict";
import { test } from "node:test";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { ManualClock } from "../base/clock.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import { type AppendOptions, PushLogFull } from "../drivers/ports.ts";
import { Limits } from "../protocol/limits.ts";
import { partitionOf, type PushMessage } from "../protocol/push_message.ts";
import { RoomTypes } from "../protocol/room_options.ts";
import { logRooms, NotingLog } from "../tests/support/http_app.ts";
import { BadRequest } from "./bad_request.ts";
import { LogicCounters } from "./counters.ts";
import { History } from "./history.ts";
import { Push } from "./push.ts";

const BODY = new TextEncoder().encode("hi");
const LOOSE = { perMidMax: 100, perKeyMax: 100, whenFull: "refuse" } as const;

/** A log that is full where it is told to be. */
class FillingLog extends NotingLog {
  isFull: (message: PushMessage) => boolean = () => false;
  override async append(partition: number, message: PushMessage, options?: AppendOptions) {
    assert.equal(partition, partitionOf(message, this.partitions));
    if (this.isFull(message)) throw new PushLogFull("no room");
    return await super.append(partition, message, options);
  }
}

/** Sessions as `mid/key/server`. */
async function setUp(sessions: readonly string[] = []) {
  const nodes = new MemoryNodes(new ManualClock());
  const stored = new MemorySessions(nodes);
  for (const server of ["a", "b", "c"]) {
    await nodes.register({
      server,
      region: "",
      zone: "",
      env: "",
      name: server,
      rpc: "",
      hostname: "",
      addresses: [],
      version: "",
      weight: 1,
      offline: false,
    });
  }
  for (const [index, text] of sessions.entries()) {
    const [mid, key, server] = text.split("/");
    await stored.add({ server, connectionId: index, mid: BigInt(mid), key }, LOOSE);
  }
  const log = new FillingLog(new ManualClock());
  const history = new History(log, new RoomTypes([logRooms]));
  const counters = new LogicCounters();
  return { log, counters, push: new Push(log, stored, history, counters) };
}

function keysPush(server: string, keys: string[]): PushMessage {
  return { kind: "keys", server, keys, operation: 1000, body: BODY };
}

test("Push.keys() groups keys by comet and passes over those that are nobody's", async () => {
  const { log, counters, push } = await setUp(["1/x/a", "2/y/b", "3/z/a"]);
  await push.keys(1000, ["x", "nobody", "y", "z"], BODY);
  assert.deepEqual(log.taken, [keysPush("a", ["x", "z"]), keysPush("b", ["y"])]);
  assert.deepEqual([counters.pushesAccepted, counters.pushesToNobody], [1, 0]);
});

test("Push.keys() names a key once per comet, however often it is given or connected", async () => {
  const { log, push } = await setUp(["1/x/a", "1/x/a", "1/x/b"]);
  await push.keys(1000, ["x", "x"], BODY);
  assert.deepEqual(log.taken, [keysPush("a", ["x"]), keysPush("b", ["x"])]);
});

test("Push.keys() of nobody's keys puts nothing into the log and succeeds", async () => {
  const { log, counters, push } = await setUp();
  await push.keys(1000, ["x"], BODY);
  await push.mids(1000, [5n], BODY);
  assert.deepEqual(log.taken, []);
  assert.deepEqual([counters.pushesAccepted, counters.pushesToNobody], [2, 2]);
});

test("Push.mids() reaches every key of each mid", async () => {
  const { log, push } = await setUp(["7/phone/a", "7/laptop/b", "8/tablet/a", "9/other/a"]);
  await push.mids(1000, [7n, 8n], BODY);
  assert.deepEqual(log.taken, [keysPush("a", ["phone", "tablet"]), keysPush("b", ["laptop"])]);
});

test("Push.room() puts one message into the log under the room's key", async () => {
  const { log, push } = await setUp();
  await push.room(-5, "live", "1000", BODY);
  assert.deepEqual(log.taken, [{ kind: "room", room: "live://1000", operation: -5, body: BODY }]);
});

test("Push.all() puts one message with its speed into the log", async () => {
  const { log, push } = await setUp();
  await push.all(1000, 250, BODY);
  assert.deepEqual(log.taken, [{ kind: "broadcast", speed: 250, operation: 1000, body: BODY }]);
});

test("Push.room() keeps history as the room's type says, and answers its place there", async () => {
  const { log, push } = await setUp();
  const options = { id: "a".repeat(128), mediaMs: Number.MAX_SAFE_INTEGER, mid: -(2n ** 63n) };
  assert.equal(await push.room(7, "live", "1", BODY, { ...options, mediaMs: 0 }), undefined);
  const stream = { epoch: "e1", offset: 2 };
  assert.deepEqual(await push.roomByKey(7, "log://1", BODY, options), stream);
  const { id: publishId, ...said } = options;
  const shared = { kind: "room", operation: 7, body: BODY, ...said } as const;
  assert.deepEqual(log.taken, [
    { ...shared, room: "live://1", mediaMs: 0 },
    { ...shared, room: "log://1" },
  ]);
  const retention = { sizeMax: 50, ttlMs: 60_000, by: "offset" };
  assert.deepEqual(log.options, [{ publishId, retention: undefined }, { publishId, retention }]);
});

test("Push names what it stores by the caller's id, for each comet and for all", async () => {
  const { log, push } = await setUp(["1/x/a", "1/y/b"]);
  await push.keys(1000, ["x", "y"], BODY, { id: "k" });
  await push.mids(1000, [1n], BODY, { id: "m" });
  await push.all(1000, 0, BODY, { id: "b" });
  const ids = log.options.map(({ publishId }) => publishId);
  assert.deepEqual(ids, ["k", "k", "m", "m", "b"]);
  await push.all(1000, 0, BODY);
  assert.deepEqual(log.options.at(-1), { publishId: undefined, retention: undefined });
});

test("goim fault 4: a push to keys reaches the others though one comet's log is full", async () => {
  const { log, counters, push } = await setUp(["1/x/a", "2/y/b", "3/z/c"]);
  log.isFull = (message) => message.kind === "keys" && message.server === "a";
  await assert.rejects(push.keys(1000, ["x", "bad\u0000key", "y", "z"], BODY), PushLogFull);
  assert.deepEqual(log.taken, [keysPush("b", ["y"]), keysPush("c", ["z"])]);
  assert.equal(counters.pushesFailed, 1);
});

test("Push fails with PushLogFull when the log is full", async () => {
  const { log, counters, push } = await setUp(["1/x/a"]);
  log.isFull = () => true;
  await assert.rejects(push.room(1000, "live", "1", BODY), PushLogFull);
  await assert.rejects(push.all(1000, 0, BODY), PushLogFull);
  await assert.rejects(push.mids(1000, [1n], BODY), PushLogFull);
  assert.deepEqual([counters.pushesFailed, counters.pushesAccepted], [3, 0]);
});

const largest = new Uint8Array(Limits.pushBodyBytesMax);
const tooLarge = new Uint8Array(Limits.pushBodyBytesMax + 1);
const tooMany = Array.from({ length: Limits.pushTargetsMax + 1 }, (_, index) => index);

const REFUSED: readonly [string, (push: Push) => Promise<unknown>, RegExp][] = [
  ["an operation of 0", (push) => push.all(0, 0, BODY), /^operation must be an int32 but 0/],
  ["a broken operation", (push) => push.all(1.5, 0, BODY), /current value is 1\.5$/],
  ["an operation past int32", (push) => push.all(2 ** 31, 0, BODY), /^operation must be/],
  ["a negative speed", (push) => push.all(1, -1, BODY), /^speed must be 0 to 2147483647/],
  ["a body too large", (push) => push.all(1, 0, tooLarge), /^body must be at most 65472 bytes/],
  ["10,001 keys", (push) => push.keys(1, tooMany.map(String), BODY), /^keys must be at most 10000/],
  ["10,001 mids", (push) => push.mids(1, tooMany.map(BigInt), BODY), /current number is 10001$/],
  [
    "an empty room",
    (push) => push.room(1, "live", "", BODY),
    /^type and room must make a room key/,
  ],
  ["an empty type", (push) => push.room(1, "", "1", BODY), /^type and room/],
  ["a type that ends a type", (push) => push.room(1, "a://b", "1", BODY), /"\:\/\/" in type$/],
  ["an empty id", (push) => push.all(1, 0, BODY, { id: "" }), /^id must be well-formed text of 1/],
  [
    "an id of 129 characters",
    (push) => push.keys(1, ["x"], BODY, { id: "i".repeat(129) }),
    /^id must be .* 128 characters, current value is "i{64}…"$/,
  ],
  ["an ill-formed id", (push) => push.mids(1, [1n], BODY, { id: "\ud800" }), /^id must be/],
  [
    "a negative media time",
    (push) => push.room(1, "live", "1", BODY, { mediaMs: -1 }),
    /^media_ms must be an integer, 0 to 9007199254740991, current value is -1$/,
  ],
  [
    "a media time past int53",
    (push) => push.roomByKey(1, "live://1", BODY, { mediaMs: 2 ** 53 }),
    /current value is 9007199254740992$/,
  ],
  [
    "a mid past int64",
    (push) => push.room(1, "live", "1", BODY, { mid: 2n ** 63n }),
    /^mid must be/,
  ],
  ["a room too long", (push) => push.room(1, "live", "x".repeat(257), BODY), /256 characters/],
];

for (const [what, call, message] of REFUSED) {
  test(`Push refuses ${what}`, async () => {
    const { log, counters, push } = await setUp();
    await assert.rejects(call(push), (error) => {
      assert.ok(error instanceof BadRequest);
      assert.match(error.message, message);
      return true;
    });
    assert.deepEqual(log.taken, []);
    assert.equal(counters.pushesRefused, 1);
  });
}

test("Push takes the largest body and 10,000 targets", async () => {
  const { log, push } = await setUp(["1/x/a"]);
  await push.keys(1000, tooMany.slice(1).map(String).fill("x", 5_000, 5_001), largest);
  assert.equal(log.taken.length, 1);
});
