import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { LossyStore } from "../../tests/support/lossy_store.ts";
import { redisCli, RedisServer } from "../../tests/support/redis_server.ts";
import { openUpstashGateway } from "../../tests/support/upstash_gateway.ts";
import {
  append,
  appendAll,
  bodies,
  keepAll,
  offsets,
  pushOf,
  range,
  readPage,
} from "../contract/history_model.ts";
import { until } from "../contract/waiting.ts";
import { type Appended, PUBLISH_ID_MS, StoreUnavailable } from "../ports.ts";
import { UpstashStore } from "../upstash/rest_store.ts";
import { RedisPushLog } from "./push_log.ts";
import { openRedisStore } from "./tcp_store.ts";

const options = { partitions: 1, partitionBytesMax: 1 << 24 };
const parts = { clock: systemClock, prng: seededPrng(1) };
const [STATE, LOG, MEDIA] = ["state", "log", "media"].map((name) => `halley:{p0}:${name}:live://1`);
const DAY_MS = 86_400_000;

describe("The history of a room in Redis", () => {
  let server: RedisServer;
  let store: LossyStore;
  let log: RedisPushLog;

  before(async () => {
    server = await RedisServer.start({ appendOnly: true });
    store = new LossyStore(await openRedisStore(server.url, parts));
  });
  after(async () => {
    await store?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await redis("FLUSHALL");
    log = await RedisPushLog.open(store, options, parts.prng);
  });

  const redis = (...args: string[]) => redisCli(server.port, ...args);
  const texts = async (of = keepAll) => bodies(await readPage(log, {}, of));
  const abc = async () => (await appendAll(log, ["a", "b", "c"]))[0].stream!.epoch;

  it("leaves Redis after its time, and the state seven days later", async () => {
    const retention = { sizeMax: 9, ttlMs: DAY_MS };
    await append(log, pushOf("a", { mediaMs: 1 }), { retention, publishId: "id" });
    const restMs = async (key: string) => Number(await redis("PTTL", key));
    for (const key of [LOG, MEDIA]) {
      assert.ok(Math.abs(await restMs(key) - DAY_MS) < 60_000, key);
    }
    assert.ok(Math.abs(await restMs(STATE) - 8 * DAY_MS) < 60_000);
    const id = await redis("KEYS", "halley:{p0}:id:*");
    assert.ok(Math.abs(await restMs(id) - PUBLISH_ID_MS) < 60_000, id);
  });

  it("is in the order of time when the clock of Redis is set back", async () => {
    await append(log, "a");
    const [epoch, head, timeMs, ...rest] = (await redis("GET", STATE)).split(" ");
    const aheadMs = Number(timeMs) + DAY_MS;
    await redis("SET", STATE, [epoch, head, aheadMs, ...rest].join(" "));
    assert.deepEqual((await append(log, "b")).stream, { epoch, offset: 2 });
    assert.equal((await readPage(log, { after: 1 })).messages[0].timeMs, aheadMs);
  });

  it("is not written to by reads, of rooms that never were either", async () => {
    await abc();
    const changes = async () => /rdb_changes_since_last_save:\d+/.exec(await redis("INFO"))![0];
    const before = await changes();
    for (const query of [{}, { last: 2 }, { fromMs: 0, toMs: 9 }]) {
      await readPage(log, query, { sizeMax: 1, ttlMs: 1 });
      await readPage(log, { ...query, room: "live://none" });
    }
    assert.equal(await changes(), before);
  });

  it("goes on with its offsets when its messages are gone", async () => {
    const epoch = await abc();
    await redis("DEL", LOG);
    assert.deepEqual(
      await readPage(log),
      { epoch, head: 3, first: 4, messages: [], more: false },
    );
    assert.deepEqual((await append(log, "d")).stream, { epoch, offset: 4 });
    const page = await readPage(log);
    assert.deepEqual([page.first, ...bodies(page)], [4, "d"]);
  });

  const losses: Readonly<Record<string, () => Promise<unknown>>> = {
    "its state is gone": () => redis("DEL", STATE),
    "its state is an older one": async () => {
      const epoch = (await redis("GET", STATE)).split(" ")[0];
      await redis("SET", STATE, `${epoch} 2 1 2 1 0`);
    },
    "its state cannot be read": () => redis("SET", STATE, "odd"),
    "its latest message is gone": () => redis("RPOP", LOG),
    "one of its messages is gone": async () =>
      redis("LREM", LOG, "1", await redis("LINDEX", LOG, "1")),
    "its oldest message is gone": () => redis("LPOP", LOG),
  };
  for (const [what, lose] of Object.entries(losses)) {
    it(`begins another epoch when ${what}, without anything of the one before`, async () => {
      const epoch = await abc();
      await append(log, pushOf("d", { mediaMs: 1 }));
      await lose();
      const { stream } = await append(log, "e");
      assert.equal(stream?.offset, 1);
      assert.notEqual(stream?.epoch, epoch);
      assert.deepEqual(await texts(), ["e"]);
      assert.deepEqual(offsets(await readPage(log, { fromMs: 0, toMs: 9 })), []);
    });
  }

  it("goes on after Redis was killed", async () => {
    const epoch = await abc();
    await server.signal("SIGKILL");
    await assert.rejects(append(log, "lost"), StoreUnavailable);
    await server.restart();
    let appended: Appended | undefined;
    await until("Redis is back", async () => {
      appended = await append(log, "d").catch(() => undefined);
      return appended !== undefined;
    });
    assert.deepEqual(appended?.stream, { epoch, offset: 4 });
    assert.deepEqual(await texts(), ["a", "b", "c", "d"]);
  });

  it("has a message once whose append is sent twice, with the same offset", async () => {
    store.mayRepeat = true;
    for (const publishId of [undefined, "id"]) {
      store.repeat = "append-push";
      await append(log, "a", { retention: keepAll, publishId });
    }
    store.mayRepeat = false;
    const { messages, head } = await readPage(log);
    assert.deepEqual([messages.length, head], [2, 2]);
    store.lose = "append-push";
    const options = { retention: keepAll, publishId: "another" };
    await assert.rejects(append(log, "b", options), StoreUnavailable);
    assert.equal((await append(log, "b", options)).stream?.offset, 3);
    assert.deepEqual(await texts(), ["a", "a", "b"]);
  });

  it("forgets a few messages at each append when it keeps less than before", async () => {
    await appendAll(log, range(1, 60).map((mediaMs) => pushOf(String(mediaMs), { mediaMs })));
    const few = { ...keepAll, sizeMax: 10 };
    const sizes = [];
    for (let offset = 61; offset <= 66; offset++) {
      await append(log, String(offset), { retention: few });
      sizes.push(Number(await redis("LLEN", LOG)));
      assert.deepEqual(await texts(few), range(offset - 9, offset).map(String));
    }
    assert.deepEqual(sizes, [45, 30, 15, 10, 11, 10]);
    assert.equal(await redis("ZCARD", MEDIA), "4");
  });

  it("forgets messages that are too old, a few at each append, and gives none of them", async () => {
    await appendAll(log, range(1, 40).map((mediaMs) => pushOf(String(mediaMs), { mediaMs })));
    const oldMs = systemClock.wallMs() - 2 * keepAll.ttlMs;
    for (let place = 0; place < 30; place++) {
      const [offset, , ...rest] = (await redis("LINDEX", LOG, String(place))).split(" ");
      await redis("LSET", LOG, String(place), [offset, oldMs, ...rest].join(" "));
    }
    const state = (await redis("GET", STATE)).split(" ");
    await redis("SET", STATE, state.with(4, String(oldMs)).join(" "));
    const page = await readPage(log);
    assert.deepEqual([page.first, ...offsets(page)], [31, ...range(31, 40)]);
    assert.equal((await readPage(log, { last: 30 })).more, false);
    assert.deepEqual(offsets(await readPage(log, { fromMs: 29, toMs: 33 })), [31, 32]);
    const sizes = [];
    for (const text of "abc") {
      await append(log, text);
      sizes.push(Number(await redis("LLEN", LOG)), Number(await redis("ZCARD", MEDIA)));
    }
    assert.deepEqual(sizes, [25, 24, 12, 10, 13, 10]);
    assert.deepEqual(offsets(await readPage(log)), range(31, 43));
  });

  it("answers large bodies as far as they fit", async () => {
    const body = new Uint8Array(65_472).fill(1);
    const bytesMax = 4 * body.byteLength;
    for (const by of ["offset", "media"] as const) {
      const room = `live://${by}`;
      const pushes = range(1, 70).map((mediaMs) => pushOf("", { room, body, mediaMs }));
      await appendAll(log, pushes, { ...keepAll, by });
      const read = async (query: object) =>
        offsets(await readPage(log, { ...query, room, bytesMax }, { ...keepAll, by }));
      assert.deepEqual(await read({ after: 40 }), range(41, 44));
      assert.deepEqual(await read({ last: 60 }), range(67, 70));
      assert.deepEqual(await read({ fromMs: 33, toMs: 60 }), range(33, 36));
    }
  });

  it("is the same over TCP and REST", async () => {
    const gateway = await openUpstashGateway(server.url);
    const rest = new UpstashStore(gateway.url, gateway.token, parts);
    try {
      const other = await RedisPushLog.open(rest, options, parts.prng);
      const body = Uint8Array.from({ length: 256 }, (_, index) => index);
      await append(other, pushOf("", { body }));
      await append(log, "text");
      for (const each of [log, other]) {
        const { messages } = await readPage(each);
        assert.deepEqual(Uint8Array.from(messages[0].body), body);
        assert.deepEqual(messages[1].offset, 2);
      }
    } finally {
      await rest.close();
      await gateway.close();
    }
  });
});
