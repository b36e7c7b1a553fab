import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  anything,
  fewAtOnce,
  LONG_MS,
  type ModerationSubject,
  ModerationTest,
  type RegisterModerationTest,
} from "./moderation_model.ts";
import type { ModerationPromise } from "../ports.ts";
import { blockedTests } from "./blocked_suite.ts";
import { paceTests } from "./pace_suite.ts";
import { admittedOnceTests } from "./admitted_once_suite.ts";
import { until } from "./waiting.ts";

/** Registers the tests that all moderation passes. */
export function testModeration(subject: ModerationSubject): void {
  const test: RegisterModerationTest = (name, body) => {
    it(name, { timeout: 60_000 }, async () => {
      await body(new ModerationTest(...await subject.open()));
    });
  };
  describe(`Moderation on ${subject.name}`, () => {
    before(() => subject.start(), { timeout: 60_000 });
    after(() => subject.stop());

    const promises: Readonly<Record<ModerationPromise, () => void>> = {
      muted: () => mutedTests(subject, test),
      blocked: () => blockedTests(subject, test),
      paced: () => paceTests(subject, test),
      "no-duplicates": () => duplicateTests(subject, test),
      once: () => admittedOnceTests(subject, test),
      exact: () => exactTests(test),
    };
    for (const [promise, tests] of Object.entries(promises)) describe(promise, tests);
  });
}

/** Names that a careless driver confuses or cuts. */
const ODD_NAMES = ["{x}", "a:b", "", "*?[a]", 'a"b,c\n\0 \u{1F600} ё', " ", "x".repeat(250)];

function mutedTests(subject: ModerationSubject, test: RegisterModerationTest): void {
  test("refuses a muted mid in the room, there alone, until the mute is ended", async (own) => {
    const { moderation, other } = own;
    const nobody = own.message("a", { sender: `k${own.mid()}` });
    await moderation.mute(own.mid(), own.room(), LONG_MS);
    for (const by of [moderation, other]) {
      assert.equal(await own.outcome(own.message("a"), anything, by), "muted");
    }
    const retryMs = await own.retryMs(own.message("b"));
    assert.ok(retryMs > 0 && retryMs <= LONG_MS, `${retryMs}`);
    assert.equal(await own.outcome(own.message("a", { room: own.room("2") })), "admitted");
    assert.equal(await own.outcome(own.message("a", { sender: own.sender(2) })), "admitted");
    assert.equal(await own.outcome(nobody), "admitted", "a key is no mid");
    assert.equal(await other.unmute(own.mid(), own.room("2")), false);
    assert.equal(await other.unmute(own.mid(2), own.room()), false);
    assert.equal(await other.unmute(own.mid(), ""), false);
    assert.equal(await own.outcome(own.message("a")), "muted");
    assert.equal(await other.unmute(own.mid(), own.room()), true);
    assert.equal(await other.unmute(own.mid(), own.room()), false);
    assert.equal(await own.outcome(own.message("a")), "admitted");
  });

  test("refuses a mid that is muted everywhere, and keeps both kinds apart", async (own) => {
    const { moderation } = own;
    const elsewhere = own.message("a", { room: own.room("2") });
    await moderation.mute(own.mid(), "", LONG_MS);
    await moderation.mute(own.mid(), own.room(), 3 * LONG_MS);
    assert.deepEqual(await own.outcomes([own.message("a"), elsewhere]), ["muted", "muted"]);
    assert.ok(await own.retryMs(own.message("a")) > 2 * LONG_MS, "the longer one counts");
    assert.ok(await own.retryMs(elsewhere) <= LONG_MS);
    assert.equal(await moderation.unmute(own.mid(), ""), true);
    assert.deepEqual(await own.outcomes([own.message("a"), elsewhere]), ["muted", "admitted"]);
    await moderation.mute(own.mid(), "", LONG_MS);
    assert.equal(await moderation.unmute(own.mid(), own.room()), true);
    assert.equal(await own.outcome(own.message("a")), "muted");
    assert.ok(await own.retryMs(own.message("a")) <= LONG_MS);
  });

  test("mutes in place of the earlier mute, be it longer or shorter", async (own) => {
    for (const forMs of [2, 1, 3].map((times) => times * LONG_MS)) {
      await own.other.mute(own.mid(), own.room(), forMs);
      const retryMs = await own.retryMs(own.message("a"));
      assert.ok(retryMs > forMs - LONG_MS && retryMs <= forMs, `${retryMs} of ${forMs}`);
    }
    assert.equal(await own.moderation.unmute(own.mid(), own.room()), true);
    assert.equal(await own.outcome(own.message("a")), "admitted");
  });

  test("ends a mute when its time is over", async (own) => {
    await own.moderation.mute(own.mid(), own.room(), 150);
    await own.moderation.mute(own.mid(2), "", 150);
    const messages = [own.message("a"), own.message("a", { sender: own.sender(2) })];
    await until("both may speak", async () => {
      await subject.passTime(50);
      return (await own.outcomes(messages)).every((outcome) => outcome === "admitted");
    });
    assert.equal(await own.moderation.unmute(own.mid(), own.room()), false);
    assert.equal(await own.moderation.unmute(own.mid(2), ""), false);
  });

  test("knows mids of 64 bits and odd rooms apart", async (own) => {
    const most = 2n ** 63n - 1n - own.mid(), least = own.mid() - 2n ** 63n;
    for (const mid of [most, least, 2n ** 53n + own.mid()]) {
      await own.moderation.mute(mid, own.room(), LONG_MS);
      const said = (mid: bigint) => own.outcome(own.message("a", { sender: `m${mid}` }));
      assert.deepEqual([await said(mid), await said(mid + 1n)], ["muted", "admitted"]);
    }
    for (const [index, name] of ODD_NAMES.entries()) {
      const messages = ODD_NAMES.map((name) => own.message("a", { room: own.room(name) }));
      await own.moderation.mute(own.mid(), own.room(name), LONG_MS);
      assert.deepEqual(
        await own.outcomes(messages),
        ODD_NAMES.map((_, other) => other === index ? "muted" : "admitted"),
      );
      assert.equal(await own.moderation.unmute(own.mid(), own.room(name)), true);
    }
  });
}

function duplicateTests(subject: ModerationSubject, test: RegisterModerationTest): void {
  const rules = { ...anything, duplicateWindowMs: LONG_MS };

  test("refuses what the sender has said to the room within the window", async (own) => {
    const said = ["a", "b", "a", "b", "c"].map((digest) => own.message(digest));
    assert.deepEqual(
      await own.outcomes(said, rules),
      ["admitted", "admitted", "duplicate", "duplicate", "admitted"],
    );
    assert.equal(await own.outcome(own.message("a"), rules, own.other), "duplicate");
    const retryMs = await own.retryMs(own.message("a"), rules);
    assert.ok(retryMs > 0 && retryMs <= LONG_MS, `${retryMs}`);
    const others = [{ room: own.room("2") }, { sender: own.sender(2) }, { sender: "k1" }];
    for (const other of others) {
      assert.equal(await own.outcome(own.message("a", other), rules), "admitted");
    }
    assert.equal(await own.outcome(own.message("a")), "admitted", "without a window");
  });

  test("admits it again when the window is over", async (own) => {
    const short = { ...anything, duplicateWindowMs: 150 };
    assert.equal(await own.outcome(own.message("a"), short), "admitted");
    await until("it may be said again", async () => {
      await subject.passTime(50);
      return await own.outcome(own.message("a"), short) === "admitted";
    });
  });

  test("tells odd rooms and texts apart", async (own) => {
    for (const expected of ["admitted", "duplicate"]) {
      for (const [index, name] of ODD_NAMES.entries()) {
        const digest = ODD_NAMES[ODD_NAMES.length - 1 - index];
        const message = own.message(digest, { room: own.room(name) });
        assert.equal(await own.outcome(message, rules), expected);
      }
    }
    const split = [["a", "b:c"], ["a:b", "c"]].map(([name, digest]) =>
      own.message(digest, { room: own.room(name) })
    );
    assert.deepEqual(await own.outcomes(split, rules), ["admitted", "admitted"]);
  });

  if (subject.ownsTime) {
    test("counts the window from when it was said, to the millisecond", async (own) => {
      const short = { ...anything, duplicateWindowMs: 1_000 };
      assert.equal(await own.retryMs(own.message("a"), short), 0);
      await subject.passTime(400);
      assert.equal(await own.retryMs(own.message("a"), short), 600);
      await subject.passTime(599);
      assert.equal(await own.retryMs(own.message("a"), short), 1);
      await subject.passTime(1);
      assert.equal(await own.retryMs(own.message("a"), short), 0);
      assert.equal(await own.retryMs(own.message("a"), short), 1_000);
    });
  }
}

function exactTests(test: RegisterModerationTest): void {
  test("gives the first reason of several", async (own) => {
    const rules = { ...fewAtOnce(1), slowModeMs: LONG_MS, duplicateWindowMs: LONG_MS };
    const messages = [
      own.message("a"),
      own.message("a"),
      own.message("b"),
      own.message("b", { room: own.room("2") }),
    ];
    const reasons = ["admitted", "duplicate", "slow-mode", "rate"];
    assert.deepEqual(await own.outcomes(messages, rules), reasons);
    await own.moderation.mute(own.mid(), "", LONG_MS);
    assert.deepEqual(await own.outcomes(messages, rules), Array(4).fill("muted"));
  });

  test("counts nothing of what is refused", async (own) => {
    const all = { ...fewAtOnce(3), slowModeMs: 0, duplicateWindowMs: LONG_MS };
    await own.moderation.mute(own.mid(), own.room(), LONG_MS);
    assert.equal(await own.outcome(own.message("a"), all), "muted");
    await own.moderation.unmute(own.mid(), own.room());
    const said = Array(4).fill(own.message("a"));
    assert.deepEqual(
      await own.outcomes(said, all),
      ["admitted", "duplicate", "duplicate", "duplicate"],
    );
    const slow = { ...all, slowModeMs: LONG_MS };
    assert.equal(await own.outcome(own.message("b"), slow), "admitted");
    assert.equal(await own.outcome(own.message("c", { publishId: "1" }), slow), "slow-mode");
    const elsewhere = own.message("d", { room: own.room("2") });
    assert.equal(await own.outcome(own.message("c", { publishId: "1" }), all), "admitted");
    assert.equal(await own.outcome(elsewhere, slow), "rate");
    const free = { ...slow, perSecondMax: 0 };
    assert.deepEqual(await own.outcomes([elsewhere, elsewhere], free), ["admitted", "duplicate"]);
  });

  test("admits as many of those that come at once as one after the other", async (own) => {
    const texts = Array.from({ length: 40 }, (_, index) => own.message(`${index}`));
    assert.equal(await own.admittedAtOnce(texts, fewAtOnce(5)), 5);
    const same = (name: string) => Array(40).fill(own.message("same", { room: own.room(name) }));
    const unlike = { ...anything, duplicateWindowMs: LONG_MS };
    assert.equal(await own.admittedAtOnce(same("2"), unlike), 1);
    assert.equal(await own.admittedAtOnce(same("3"), { ...anything, slowModeMs: LONG_MS }), 1);
  });

  test("counts each of many senders alone", async (own) => {
    const senders = Array.from({ length: 100 }, (_, index) => own.sender(index));
    const messages = senders.flatMap((sender) =>
      ["a", "b", "c", "d"].map((digest) => own.message(digest, { sender }))
    );
    assert.equal(await own.admittedAtOnce(messages, fewAtOnce(3)), 300);
    for (const sender of senders.slice(0, 10)) {
      assert.equal(await own.outcome(own.message("e", { sender }), fewAtOnce(3)), "rate");
    }
  });
}
