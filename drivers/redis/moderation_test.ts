import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { LossyStore } from "../../tests/support/lossy_store.ts";
import { redisCli, RedisServer } from "../../tests/support/redis_server.ts";
import { redisModeration } from "../../tests/support/moderation_subjects.ts";
import { testModeration } from "../contract/moderation_suite.ts";
import { openMemory } from "../memory/open.ts";
import {
  type AdmissionRules,
  type ClientMessage,
  type Moderation,
  StoreRefused,
  StoreUnavailable,
} from "../ports.ts";
import { RedisModeration } from "./moderation.ts";
import type { RedisStore } from "./store.ts";
import { openRedisStore } from "./tcp_store.ts";

const parts = { clock: systemClock, prng: seededPrng(1) };
const message: ClientMessage = { sender: "m1", room: "live://1", digest: "a" };
const rules: AdmissionRules = {
  perSecondMax: 10,
  burst: 20,
  slowModeMs: 60_000,
  duplicateWindowMs: 70_000,
};
const none: AdmissionRules = { perSecondMax: 0, burst: 0, slowModeMs: 0, duplicateWindowMs: 0 };
const DAY_MS = 86_400_000;

testModeration(redisModeration);

/** A store whose scripts take the time from a clock, and in which nothing expires meanwhile. */
function atTimeOf(clock: ManualClock, store: RedisStore): RedisStore {
  const run: RedisStore["run"] = ({ name, source }, keys, args) => {
    const ms = clock.wallMs();
    const time = `{${Math.floor(ms / 1_000)}, ${ms % 1_000 * 1_000}}`;
    const timed = source.replace("redis.call('TIME')", time).replace(
      /'PX', [^)]+\)?\)/,
      "'PX', 600000)",
    );
    return store.run({ name, source: timed }, keys, args);
  };
  return Object.assign(Object.create(store), { run });
}

describe("Moderation in Redis", () => {
  let server: RedisServer;
  let store: LossyStore;
  let moderation: RedisModeration;

  before(async () => {
    server = await RedisServer.start();
    store = new LossyStore(await openRedisStore(server.url, parts));
  });
  after(async () => {
    await store?.close();
    await server?.stop();
  });
  beforeEach(async () => {
    await redis("FLUSHALL");
    store.mayRepeat = false;
    moderation = new RedisModeration(store, parts.prng);
  });

  const redis = (...args: string[]) => redisCli(server.port, ...args);
  const keys = async () => (await redis("KEYS", "*")).split("\n").filter((key) => key !== "");

  it("keeps nothing without end", async () => {
    await moderation.admit({ ...message, publishId: "id" }, rules);
    await moderation.mute(1n, "", 366 * DAY_MS);
    await moderation.mute(1n, "live://1", 1);
    await moderation.block({ key: "k" }, DAY_MS);
    const expected = [["rate", 100], ["pause", 60_000], ["text", 70_000], [
      "said",
      300_000,
    ]] as const;
    const restMs = new Map<string, number>();
    for (const key of await keys()) restMs.set(key.split(":")[2], Number(await redis("PTTL", key)));
    for (const [what, ms] of expected) {
      if (what === "rate" && !restMs.has(what)) continue;
      assert.ok(restMs.get(what)! > ms - 60_000 && restMs.get(what)! <= ms, what);
    }
    assert.ok([...restMs.values()].every((ms) => ms > 0 || ms === -2), "each expires");
    assert.ok(restMs.get("mute")! > 365 * DAY_MS);
  });

  it("has the keys of one sender in one slot, and those of no two alike", async () => {
    const odd = ['m1","live://1', "k{1}:", "k}", "k", 'k"', "k\ud800", "k\ud801", "k\ufffd"];
    for (const sender of odd) {
      for (const room of ["live://1", 'live://1","a', ""]) {
        const said = { sender, room, digest: "a", publishId: 'b","c' };
        assert.deepEqual(await moderation.admit(said, rules), { admitted: true }, sender + room);
        const again = await moderation.admit({ ...said, publishId: "c" }, rules);
        assert.equal(again.admitted, false);
      }
    }
    for (const key of await keys()) assert.match(key, /^halley:\{s\d+\}:/);
  });

  it("writes nothing for what is refused, or has no rules", async () => {
    assert.deepEqual(await moderation.admit(message, none), { admitted: true });
    assert.deepEqual(await keys(), []);
    await moderation.mute(1n, "", 60_000);
    const before = await keys();
    assert.equal((await moderation.admit({ ...message, publishId: "id" }, rules)).admitted, false);
    assert.deepEqual(await keys(), before);
  });

  it("admits once what is sent twice, and again what was admitted unheard", async () => {
    store.mayRepeat = true;
    store.repeat = "admit-message";
    assert.deepEqual(await moderation.admit(message, rules), { admitted: true });
    assert.equal((await moderation.admit(message, rules)).admitted, false);
    const said = { ...message, room: "live://2", publishId: "id" };
    store.lose = "admit-message";
    await assert.rejects(moderation.admit(said, rules), StoreUnavailable);
    assert.deepEqual(await moderation.admit(said, rules), { admitted: true });
  });

  it("holds nobody to a time that has not come: the clock was set back", async () => {
    const slow = { ...rules, perSecondMax: 0.01, burst: 1 };
    assert.deepEqual(await moderation.admit(message, slow), { admitted: true });
    const far = String(systemClock.wallMs() + DAY_MS);
    assert.equal((await keys()).length, 3);
    for (const key of await keys()) await redis("SET", key, `${far} 100000`, "PX", "60000");
    assert.deepEqual(await moderation.admit(message, slow), { admitted: true });
    assert.equal((await moderation.admit(message, slow)).admitted, false);
  });

  it("holds a sender to the rules of now", async () => {
    const first = { ...none, slowModeMs: DAY_MS, duplicateWindowMs: DAY_MS };
    assert.deepEqual(await moderation.admit(message, first), { admitted: true });
    const then = { ...none, slowModeMs: 60_000, duplicateWindowMs: 0 };
    const refused = await moderation.admit(message, then);
    assert.ok(!refused.admitted && refused.reason === "slow-mode" && refused.retryMs <= 60_000);
    const burst = { ...none, perSecondMax: 0.01, burst: 5 };
    for (let said = 0; said < 5; said++) await moderation.admit(message, burst);
    const few = await moderation.admit(message, { ...burst, burst: 2 });
    assert.ok(!few.admitted && few.reason === "rate" && few.retryMs <= 100_000);
  });

  it("counts a message of a flood as one, however many ask at once", async () => {
    const flood = { ...none, perSecondMax: 0.001, burst: 7 };
    const all = await Promise.all(
      Array.from(
        { length: 100 },
        (_, index) => moderation.admit({ ...message, digest: String(index) }, flood),
      ),
    );
    assert.equal(all.filter(({ admitted }) => admitted).length, 7);
  });

  it("decides as moderation in memory does", async () => {
    const prng = seededPrng(38);
    for (let round = 0; round < 3; round++) {
      await redis("FLUSHALL");
      const clock = new ManualClock(1_000_000);
      const timed = new RedisModeration(atTimeOf(clock, store), parts.prng);
      const { openModeration } = await openMemory("memory:", { ...parts, clock, running: clock });
      const model = await openModeration!();
      const rules = {
        perSecondMax: [0, 0.5, 4][randomBelow(prng, 3)],
        burst: 1 + randomBelow(prng, 4),
        slowModeMs: 250 * randomBelow(prng, 3),
        duplicateWindowMs: 400 * randomBelow(prng, 4),
      };
      for (let step = 0; step < 400; step++) {
        clock.advance(randomBelow(prng, 4) === 0 ? randomBelow(prng, 400) : 0);
        const mid = BigInt(1 + randomBelow(prng, 2));
        const room = `live://${randomBelow(prng, 2)}`;
        const place = randomBelow(prng, 2) === 0 ? room : "";
        const what = randomBelow(prng, 40);
        const act = async (moderation: Moderation) => {
          if (what === 0) return await moderation.mute(mid, place, 1_000);
          if (what === 1) return await moderation.unmute(mid, place);
          const who = place === "" ? { mid } : { key: `k${mid}` };
          if (what === 2) return await moderation.block(who, 1_000);
          if (what === 3) return await moderation.unblock(who);
          if (what === 4) return await moderation.blockedMs(mid, "k1");
          const publishId = what < 10 ? String(what) : undefined;
          const sender = what % 7 === 0 ? "k1" : `m${mid}`;
          return await moderation.admit(
            { sender, room, digest: String(what % 3), publishId },
            rules,
          );
        };
        assert.deepEqual(await act(timed), await act(model), `round ${round}, step ${step}`);
      }
    }
  });

  it("is refused whole by a full Redis, which goes on refusing who is muted", async () => {
    await moderation.mute(2n, "", 60_000);
    await moderation.block({ mid: 2n }, 60_000);
    await redis("CONFIG", "SET", "maxmemory", "1");
    try {
      const before = await keys();
      await assert.rejects(moderation.admit({ ...message, publishId: "id" }, rules), StoreRefused);
      await assert.rejects(moderation.mute(1n, "", 1_000), StoreRefused);
      await assert.rejects(moderation.block({ mid: 1n }, 1_000), StoreRefused);
      assert.ok(await moderation.blockedMs(2n, "k") > 0);
      assert.deepEqual(await keys(), before);
      const muted = await moderation.admit({ ...message, sender: "m2" }, rules);
      assert.equal(!muted.admitted && muted.reason, "muted");
      assert.equal(await moderation.unmute(2n, ""), true);
    } finally {
      await redis("CONFIG", "SET", "maxmemory", "0");
    }
    assert.deepEqual(await moderation.admit({ ...message, publishId: "id" }, rules), {
      admitted: true,
    });
  });

  it("has kept all of an admission or nothing when Redis is killed", async () => {
    const other = await RedisServer.start({ appendOnly: true });
    const killed = await openRedisStore(other.url, parts);
    try {
      const flooded = new RedisModeration(killed, parts.prng);
      let admitted = 0;
      const all = Array.from({ length: 5_000 }, async (_, index) => {
        const said = { ...message, sender: `m${index}`, publishId: "id" };
        await flooded.admit(said, { ...rules, perSecondMax: 0.01 });
        if (++admitted === 1_000) await other.signal("SIGKILL");
      });
      await Promise.allSettled(all);
      await other.restart();
      const names = (await redisCli(other.port, "KEYS", "halley:*")).split("\n");
      const whats = new Map<string, Set<string>>();
      for (const name of names) {
        const [, , what, sender] = name.split(/[:,]/);
        whats.set(sender, (whats.get(sender) ?? new Set()).add(what));
      }
      assert.ok(whats.size >= 1_000, `${whats.size} of ${admitted} that were answered`);
      for (const [sender, kept] of whats) {
        assert.deepEqual([...kept].sort(), ["pause", "rate", "said", "text"], sender);
      }
    } finally {
      await killed.close();
      await other.stop();
    }
  });

  it("is not available while Redis is away", async () => {
    const other = await RedisServer.start();
    const gone = await openRedisStore(other.url, parts);
    try {
      const away = new RedisModeration(gone, parts.prng);
      await other.signal("SIGKILL");
      await assert.rejects(away.admit(message, rules), StoreUnavailable);
      await assert.rejects(away.mute(1n, "", 1), StoreUnavailable);
      await assert.rejects(away.unmute(1n, ""), StoreUnavailable);
      await assert.rejects(away.block({ mid: 1n }, 1), StoreUnavailable);
      await assert.rejects(away.unblock({ mid: 1n }), StoreUnavailable);
      await assert.rejects(away.blockedMs(1n, "k"), StoreUnavailable);
    } finally {
      await gone.close();
      await other.stop();
    }
  });
});
