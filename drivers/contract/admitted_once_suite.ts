import assert from "node:assert/strict";
import { PUBLISH_ID_MS } from "../ports.ts";
import {
  anything,
  fewAtOnce,
  LONG_MS,
  type ModerationSubject,
  type RegisterModerationTest,
} from "./moderation_model.ts";

/** Ids that a careless driver confuses, cuts or refuses. */
const ODD_IDS = ["{x}", "a:b", "1", "漢字 🎈", "nul\0nul", " ", "x".repeat(128)];

/** Tests of messages that are sent more than once. */
export function admittedOnceTests(
  subject: ModerationSubject,
  test: RegisterModerationTest,
): void {
  /** Rules by which nothing may be said after the first message. */
  const strict = { ...fewAtOnce(1), slowModeMs: LONG_MS, duplicateWindowMs: LONG_MS };

  test("admits a message under its id again, whatever the rules", async (own) => {
    const message = own.message("a", { publishId: "1" });
    assert.equal(await own.outcome(message, strict), "admitted");
    for (const by of [own.moderation, own.other, own.other]) {
      assert.equal(await own.outcome(message, strict, by), "admitted");
    }
    assert.equal(await own.outcome({ ...message, digest: "b" }, strict), "admitted");
    assert.equal(await own.outcome({ ...message, publishId: undefined }, strict), "duplicate");
    assert.equal(await own.outcome({ ...message, publishId: "2" }, strict), "duplicate");
    assert.equal(await own.outcome({ ...message, room: own.room("2") }, strict), "rate");
    const other = { ...message, sender: own.sender(2) };
    assert.equal(await own.outcome(other, strict), "admitted");
    assert.equal(await own.outcome({ ...other, publishId: "2", digest: "b" }, strict), "slow-mode");
  });

  test("counts a message once that is admitted again, also when 20 send it at once", async (own) => {
    const rules = { ...fewAtOnce(2), duplicateWindowMs: LONG_MS };
    const same = Array(20).fill(own.message("a", { publishId: "1" }));
    assert.equal(await own.admittedAtOnce(same, rules), 20);
    assert.equal(await own.admittedAtOnce(same, rules), 20);
    const rest = ["b", "c"].map((digest) => own.message(digest, { publishId: digest }));
    assert.deepEqual(await own.outcomes(rest, rules), ["admitted", "rate"]);
  });

  test("knows no id of a message that was refused", async (own) => {
    const rules = fewAtOnce(1);
    const [first, second] = ["1", "2"].map((publishId) => own.message("a", { publishId }));
    assert.deepEqual(await own.outcomes([first, second, second], rules), [
      "admitted",
      "rate",
      "rate",
    ]);
    assert.equal(await own.outcome(second), "admitted");
    assert.equal(await own.outcome(second, rules), "admitted");
  });

  test("refuses one who is muted also what was admitted", async (own) => {
    const message = own.message("a", { publishId: "1" });
    assert.equal(await own.outcome(message), "admitted");
    await own.moderation.mute(own.mid(), own.room(), LONG_MS);
    assert.equal(await own.outcome(message), "muted");
    await own.moderation.unmute(own.mid(), own.room());
    assert.equal(await own.outcome(message, strict), "admitted", "and it is still known");
  });

  test("tells odd ids apart, and ids from texts", async (own) => {
    for (const publishId of ODD_IDS) {
      assert.equal(await own.outcome(own.message(publishId, { publishId })), "admitted");
    }
    const rules = { ...anything, duplicateWindowMs: LONG_MS };
    for (const [index, digest] of ODD_IDS.entries()) {
      const publishId = `new-${index}`;
      assert.equal(await own.outcome(own.message(digest, { publishId }), rules), "admitted");
      assert.equal(await own.outcome(own.message(publishId), rules), "admitted");
    }
    const slow = { ...anything, slowModeMs: LONG_MS };
    for (const publishId of ODD_IDS) {
      assert.equal(await own.outcome(own.message("a", { publishId }), slow), "admitted");
    }
  });

  if (subject.ownsTime) {
    test("knows an id for five minutes", async (own) => {
      const rules = { ...anything, slowModeMs: PUBLISH_ID_MS + 60_000 };
      const message = own.message("a", { publishId: "1" });
      assert.equal(await own.outcome(message, rules), "admitted");
      await subject.passTime(PUBLISH_ID_MS - 1);
      assert.equal(await own.outcome(message, rules), "admitted");
      await subject.passTime(1);
      assert.equal(await own.retryMs(message, rules), 60_000);
    });
  }
}
