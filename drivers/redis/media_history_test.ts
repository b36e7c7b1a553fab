import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { redisCli, RedisServer } from "../../tests/support/redis_server.ts";
import {
  append,
  appendAll,
  appendAtOnce,
  offsets,
  pushOf,
  range,
  readPage,
  readThrough,
} from "../contract/history_model.ts";
import { until } from "../contract/waiting.ts";
import type { Retention } from "../ports.ts";
import { RedisPushLog } from "./push_log.ts";
import type { RedisStore } from "./store.ts";
import { openRedisStore } from "./tcp_store.ts";

const options = { partitions: 1, partitionBytesMax: 1 << 24 };
const parts = { clock: systemClock, prng: seededPrng(1) };
const key = (name: string) => `halley:{p0}:${name}:live://1`;
const all = { fromMs: 0, toMs: 1_000_000 };
const byMedia: Retention = { sizeMax: 10, ttlMs: 3_600_000, by: "media" };
const byOffset: Retention = { ...byMedia, by: "offset" };

describe("The history by media time of a room in Redis", () => {
  let server: RedisServer;
  let store: RedisStore;
  let log: RedisPushLog;

  before(async () => {
    server = await RedisServer.start();
    store = await openRedisStore(server.url, parts);
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
  const segments = async () => {
    const found = await redis("KEYS", key("media?"));
    return found.split("\n").filter((name) => name !== "");
  };
  const at = (mediaMs?: number) => pushOf(String(mediaMs), { mediaMs });
  const found = async (retention = byMedia) => offsets(await readPage(log, all, retention));

  it("has no end but that of its time, and the room has that of its size", async () => {
    await appendAll(
      log,
      range(1, 60).map((index) => at(index % 3 === 0 ? undefined : 100 - index)),
      {
        ...byMedia,
      },
    );
    const expected = range(1, 60).filter((offset) => offset % 3 !== 0).reverse();
    assert.deepEqual(await found(), expected);
    assert.deepEqual(offsets(await readPage(log, { after: 0 }, byMedia)), range(51, 60));
    assert.ok(Number(await redis("LLEN", key("log"))) <= 20);
    for (const segment of await segments()) {
      const restMs = Number(await redis("PTTL", segment));
      assert.ok(restMs > 0 && restMs <= byMedia.ttlMs, `${segment} expires`);
    }
    assert.equal(await redis("EXISTS", key("media")), "0");
  });

  it("is not given when it is too old, and leaves Redis while the room goes on", async () => {
    const short = { ...byMedia, ttlMs: 400 };
    const held = async () => {
      let count = 0;
      for (const segment of await segments()) {
        count += Number(await redis("ZCOUNT", segment, "0", "0"));
      }
      return count;
    };
    await append(log, at(0), { retention: short });
    assert.equal(await held(), 1);
    await until("the first is over, and then gone", async () => {
      await append(log, at(1), { retention: short });
      return !(await found(short)).includes(1) && await held() === 0;
    });
    const given = await found(short);
    assert.deepEqual(given, range(given[0], given.at(-1)!));
    await until("the room is quiet", async () => (await segments()).length === 0);
  });

  it("is found behind many that are not, and Redis serves others meanwhile", async () => {
    await appendAtOnce(log, range(0, 4_499).map((index) => at(index % 9)), byMedia);
    const scripts = async () => {
      const stats = await redis("INFO", "commandstats");
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)![1]);
    };
    const before = await scripts();
    const none = await readPage(log, all, { ...byOffset, sizeMax: 0 });
    assert.deepEqual([none.messages, none.more], [[], false]);
    assert.ok(await scripts() - before >= 5, `${await scripts() - before} scripts`);
    for (const limit of [1, 4, 1_000]) {
      const read = await readThrough(log, { ...all, limit }, byOffset);
      assert.deepEqual(read.offsets, [...range(4_492, 4_499), 4_491, 4_500]);
    }
  });

  it("is read a few pages at a time, so that an append waits behind no more", async () => {
    let reads = 0, most = 0;
    const counting: RedisStore = {
      base64: store.base64,
      mayRepeat: store.mayRepeat,
      counters: store.counters,
      waitForEntry: () => Promise.reject(new Error("nobody waits")),
      endWaits: () => {},
      close: () => Promise.resolve(),
      run: async (script, keys, args) => {
        most = Math.max(most, ++reads);
        try {
          return await store.run(script, keys, args);
        } finally {
          reads--;
        }
      },
    };
    const log = await RedisPushLog.open(counting, options, parts.prng);
    await append(log, at(1), { retention: byMedia });
    const pages = await Promise.all(range(1, 50).map(() => readPage(log, all, byMedia)));
    assert.deepEqual(pages.map(({ messages }) => messages.length), Array(50).fill(1));
    assert.equal(most, 4);
  });

  it("is not given when it is older than the read allows, and stays there", async () => {
    await appendAll(log, [2, 1].map(at), byMedia);
    await until(
      "both are too old",
      async () => (await found({ ...byMedia, ttlMs: 20 })).length === 0,
    );
    await append(log, at(0), { retention: byMedia });
    assert.deepEqual(await found(), [3, 2, 1]);
  });

  it("has the form that later versions must read", async () => {
    const push = pushOf("text", { mediaMs: 61_500, mid: 7n });
    const { stream } = await append(log, push, { retention: byMedia });
    const [{ timeMs }] = (await readPage(log, all, byMedia)).messages;
    const [segment] = await segments();
    assert.match(segment, /^halley:\{p0\}:media[0-5]:live:\/\/1$/);
    assert.deepEqual((await redis("ZRANGE", segment, "0", "-1", "WITHSCORES")).split("\n"), [
      stream!.epoch,
      "-1",
      `0000000001 ${timeMs} 1000 7 61500:text`,
      "61500",
    ]);
  });

  it("is of the room's epoch alone", async () => {
    await appendAll(log, [1, 2, 3].map(at), byMedia);
    await redis("DEL", key("state"));
    assert.deepEqual(await found(), []);
    await append(log, "without", { retention: byOffset });
    assert.deepEqual(await found(), []);
    await append(log, at(5), { retention: byMedia });
    assert.deepEqual(await found(), [2]);
  });

  it("outlives the messages of the list, of the same epoch", async () => {
    await appendAll(log, [3, 2].map(at), byMedia);
    await redis("DEL", key("log"));
    await append(log, at(1), { retention: byMedia });
    assert.deepEqual(await found(), [3, 2, 1]);
  });

  it("goes as long as the room is kept by offset, but for what is in the list", async () => {
    await appendAll(log, range(1, 30).map(at), byMedia);
    assert.deepEqual(await found(byOffset), range(21, 30));
    await append(log, at(31), { retention: byOffset });
    assert.deepEqual(await found(byOffset), range(22, 31));
    assert.deepEqual(await found(), range(1, 31));
  });

  it("is read where the version before has written, and keeps that from then on", async () => {
    const now = systemClock.wallMs();
    for (const offset of range(1, 12)) {
      await redis("RPUSH", key("log"), `${offset} ${now - 12 + offset} 1000 7 ${50 - offset}:old`);
      await redis("ZADD", key("media"), String(50 - offset), String(offset).padStart(10, "0"));
    }
    await redis("SET", key("state"), `epoch 12 ${now} 12 ${now - 11} 1`);
    assert.deepEqual(await found(byOffset), range(3, 12).reverse());
    assert.deepEqual(await found(), range(1, 12).reverse());
    const { stream } = await append(log, at(0), { retention: byMedia });
    assert.deepEqual(stream, { epoch: "epoch", offset: 13 });
    await appendAll(log, range(1, 30).map(() => "without"), byMedia);
    const expected = [13, ...range(1, 12).reverse()];
    assert.deepEqual(await found(), expected);
    const { messages } = await readPage(log, all, byMedia);
    const [, { offset, operation, mid, mediaMs, timeMs, body }] = messages;
    const text = new TextDecoder().decode(body);
    assert.deepEqual([offset, operation, mid, mediaMs, timeMs, text], [
      12,
      1000,
      7n,
      38,
      now,
      "old",
    ]);
    assert.equal(await redis("EXISTS", key("media")), "0");
  });

  it("moves nothing that is in a segment already", async () => {
    await append(log, at(1), { retention: byMedia });
    const [segment] = await segments();
    const number = (Number(/media(\d)/.exec(segment)![1]) + 3) % 6;
    await redis("RENAME", segment, key(`media${number}`));
    await append(log, at(2), { retention: byOffset });
    await appendAll(log, range(1, 30).map(() => "without"), byMedia);
    assert.deepEqual(await found(), [1, 2]);
    assert.equal(await redis("EXISTS", key("media")), "0");
  });

  it("moves nothing that is too old", async () => {
    const now = systemClock.wallMs();
    const oldMs = now - byMedia.ttlMs - 1;
    for (const offset of range(1, 40)) {
      const timeMs = offset <= 5 ? oldMs : now;
      await redis("RPUSH", key("log"), `${offset} ${timeMs} 1000 0 ${offset}:old`);
      await redis("ZADD", key("media"), String(offset), String(offset).padStart(10, "0"));
    }
    await redis("SET", key("state"), `epoch 40 ${now} 40 ${oldMs} 1`);
    assert.deepEqual(await found(), range(6, 40));
    await appendAll(log, ["a", "b", "c"], byMedia);
    assert.deepEqual(await found(), range(6, 40));
    const [segment] = await segments();
    assert.equal(await redis("ZCOUNT", segment, "0", "5"), "0");
  });

  it("gives each message once and in order, whoever appends, by pages of any size", async () => {
    const prng = seededPrng(20);
    for (let round = 0; round < 5; round++) {
      await redis("FLUSHALL");
      const given: { offset: number; mediaMs: number }[] = [];
      for (let index = 0; index < 120; index++) {
        const mediaMs = prng.nextUint32() % 4 === 0 ? undefined : prng.nextUint32() % 20;
        const by = prng.nextUint32() % 2 === 0 ? "media" : "offset";
        // What others forget of their own is theirs to say: the list is long enough for it.
        const sizeMax = by === "offset" ? 1_000 : 10;
        const { stream } = await append(log, at(mediaMs), {
          retention: { ...byMedia, by, sizeMax },
        });
        if (mediaMs !== undefined) given.push({ offset: stream!.offset, mediaMs });
      }
      given.sort((a, b) => a.mediaMs - b.mediaMs || a.offset - b.offset);
      const limit = 1 + prng.nextUint32() % 20;
      const read: number[] = [];
      let query: { fromMs: number; after?: number } = { fromMs: 0 }, more = true;
      while (more) {
        const page = await readPage(log, { ...all, ...query, limit }, byMedia);
        read.push(...offsets(page));
        more = page.more;
        const last = page.messages.at(-1);
        if (more) query = { fromMs: last!.mediaMs!, after: last!.offset };
      }
      assert.deepEqual(read, given.map(({ offset }) => offset));
    }
  });
});
