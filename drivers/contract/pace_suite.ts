import assert from "node:assert/strict";
import { randomBelow, seededPrng } from "../../base/prng.ts";
import {
  anything,
  fewAtOnce,
  LONG_MS,
  type ModerationSubject,
  type RegisterModerationTest,
} from "./moderation_model.ts";
import { until } from "./waiting.ts";

/** Tests of how fast a sender may speak. */
export function paceTests(subject: ModerationSubject, test: RegisterModerationTest): void {
  test("admits so many of a sender at once, over all rooms and processes", async (own) => {
    const { moderation, other } = own;
    const rules = fewAtOnce(5);
    for (let index = 0; index < 5; index++) {
      const message = own.message("a", { room: own.room(`${index % 3}`) });
      assert.equal(await own.outcome(message, rules, index % 2 ? moderation : other), "admitted");
    }
    for (const by of [moderation, other]) {
      assert.equal(await own.outcome(own.message("b"), rules, by), "rate");
    }
    const retryMs = await own.retryMs(own.message("b"), rules);
    assert.ok(retryMs > 0 && retryMs <= LONG_MS, `${retryMs}`);
    assert.equal(await own.outcome(own.message("b", { sender: own.sender(2) }), rules), "admitted");
    assert.equal(await own.outcome(own.message("b")), "admitted", "0 is any number");
  });

  test("admits one after the other at the rate", async (own) => {
    const rules = { ...anything, perSecondMax: 10, burst: 1 };
    const message = own.message("a");
    assert.equal(await own.outcome(message, rules), "admitted");
    for (const what of ["the second", "the third"]) {
      await until(`${what} is admitted`, async () => {
        await subject.passTime(25);
        return await own.outcome(message, rules) === "admitted";
      });
    }
  });

  test("lets a sender wait from one message to a room to the next", async (own) => {
    const { moderation, other } = own;
    const rules = { ...anything, slowModeMs: LONG_MS };
    assert.equal(await own.outcome(own.message("a"), rules), "admitted");
    for (const by of [moderation, other]) {
      assert.equal(await own.outcome(own.message("b"), rules, by), "slow-mode");
    }
    const retryMs = await own.retryMs(own.message("b"), rules);
    assert.ok(retryMs > 0 && retryMs <= LONG_MS, `${retryMs}`);
    for (const changes of [{ room: own.room("2") }, { sender: own.sender(2) }]) {
      assert.equal(await own.outcome(own.message("b", changes), rules), "admitted");
    }
    assert.equal(await own.outcome(own.message("b")), "admitted", "without slow mode");

    const short = { ...anything, slowModeMs: 150 };
    const message = own.message("a", { room: own.room("3") });
    assert.equal(await own.outcome(message, short), "admitted");
    await until("the next is admitted", async () => {
      await subject.passTime(50);
      return await own.outcome(message, short) === "admitted";
    });
  });

  if (subject.ownsTime) ownTimeTests(subject, test);
}

/** Tests to the millisecond. */
function ownTimeTests(subject: ModerationSubject, test: RegisterModerationTest): void {
  test("gives back what may come at once by the rate, and no more of it", async (own) => {
    const rules = { ...anything, perSecondMax: 10, burst: 3 };
    const retries = async (count: number) => {
      const all: number[] = [];
      while (all.length < count) all.push(await own.retryMs(own.message("a"), rules));
      return all;
    };
    assert.deepEqual(await retries(5), [0, 0, 0, 100, 100]);
    await subject.passTime(99);
    assert.deepEqual(await retries(1), [1]);
    await subject.passTime(1);
    assert.deepEqual(await retries(2), [0, 100]);
    await subject.passTime(250);
    assert.deepEqual(await retries(3), [0, 0, 50]);
    await subject.passTime(86_400_000);
    assert.deepEqual(await retries(4), [0, 0, 0, 100]);
  });

  test("counts the pause of a room from the message that was admitted", async (own) => {
    const rules = { ...anything, slowModeMs: 1_000 };
    const retryMs = () => own.retryMs(own.message("a"), rules);
    assert.equal(await retryMs(), 0);
    await subject.passTime(999);
    assert.equal(await retryMs(), 1);
    await subject.passTime(1);
    assert.equal(await retryMs(), 0);
    assert.equal(await retryMs(), 1_000);
  });

  for (const seed of [1, 2]) {
    test(`agrees with buckets that leak and lists of what was said (seed ${seed})`, async (own) => {
      const prng = seededPrng(seed);
      const rules = { perSecondMax: 4, burst: 3, slowModeMs: 300, duplicateWindowMs: 2_000 };
      let nowMs = 0;
      /** Of each sender: a bucket that a message fills by 250 ms, which leaks, as it was when. */
      const buckets = new Map<string, { levelMs: number; atMs: number }>();
      const said: { sender: string; room: string; digest: string; atMs: number }[] = [];
      const expected = (sender: string, room: string, digest: string): string => {
        const before = said.filter((one) => one.sender === sender && one.room === room);
        const isWithin = (ms: number) => ({ atMs }: { atMs: number }) => nowMs < atMs + ms;
        if (before.some((one) => one.digest === digest && isWithin(2_000)(one))) return "duplicate";
        if (before.some(isWithin(300))) return "slow-mode";
        const { levelMs, atMs } = buckets.get(sender) ?? { levelMs: 0, atMs: nowMs };
        const leftMs = Math.max(0, levelMs - (nowMs - atMs));
        if (leftMs > 500) return "rate";
        buckets.set(sender, { levelMs: leftMs + 250, atMs: nowMs });
        said.push({ sender, room, digest, atMs: nowMs });
        return "admitted";
      };
      const seen = new Set<string>();
      for (let step = 0; step < 3_000; step++) {
        const [sender, room] = [own.sender(randomBelow(prng, 3)), own.room(`${step % 5}`)];
        const digest = `${randomBelow(prng, 20)}`;
        const outcome = expected(sender, room, digest);
        assert.equal(await own.outcome(own.message(digest, { sender, room }), rules), outcome);
        seen.add(outcome);
        const passedMs = [0, 0, 1, 10, 50, 250][randomBelow(prng, 6)];
        await subject.passTime(passedMs);
        nowMs += passedMs;
      }
      assert.equal(seen.size, 4);
    });
  }
}
