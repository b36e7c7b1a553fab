import assert from "node:assert/strict";
import type { Blocked, Moderation } from "../ports.ts";
import {
  LONG_MS,
  type ModerationSubject,
  type RegisterModerationTest,
} from "./moderation_model.ts";
import { until } from "./waiting.ts";

/** Names that a careless driver confuses or cuts. */
const ODD_NAMES = ["m1", "k1", "", "1", 'a"b,\n\0 \u{1F600} ё', "{x}:*", "x".repeat(256)];

/** Registers the tests of who is blocked. */
export function blockedTests(subject: ModerationSubject, test: RegisterModerationTest): void {
  const isBlocked = async (by: Moderation, mid: bigint, key = "-") =>
    await by.blockedMs(mid, key) > 0;

  test("knows who is blocked by its mid or its key, and nobody else, until it is ended", async (own) => {
    const { moderation, other } = own;
    const mid = own.mid(), key = `key-${mid}`;
    await moderation.block({ mid }, LONG_MS);
    await moderation.block({ key }, 2 * LONG_MS);
    for (const by of [moderation, other]) {
      const ms = await by.blockedMs(mid, "-");
      assert.ok(ms > 0 && ms <= LONG_MS, `${ms}`);
      assert.ok(await by.blockedMs(0n, key) > LONG_MS);
      assert.ok(await by.blockedMs(mid, key) > LONG_MS, "the longer one counts");
      assert.equal(await by.blockedMs(own.mid(2), `${key}2`), 0);
      assert.equal(await by.blockedMs(0n, `${mid}`), 0, "a key is no mid");
    }
    assert.equal(await other.unblock({ mid: own.mid(2) }), false);
    assert.equal(await other.unblock({ mid }), true);
    assert.equal(await other.unblock({ mid }), false);
    assert.deepEqual([await isBlocked(moderation, mid), await isBlocked(moderation, mid, key)], [
      false,
      true,
    ]);
    assert.equal(await other.unblock({ key }), true);
    assert.equal(await isBlocked(moderation, mid, key), false);
    assert.equal(await own.outcome(own.message("a")), "admitted", "it is no mute");
  });

  test("blocks in place of the earlier block, be it longer or shorter", async (own) => {
    for (const forMs of [2, 1, 3].map((times) => times * LONG_MS)) {
      await own.other.block({ mid: own.mid() }, forMs);
      const ms = await own.moderation.blockedMs(own.mid(), "-");
      assert.ok(ms > forMs - LONG_MS && ms <= forMs, `${ms} of ${forMs}`);
    }
  });

  test("lets in again when the time is over", async (own) => {
    await own.moderation.block({ mid: own.mid() }, 150);
    await own.moderation.block({ key: own.sender() }, 150);
    await until("both may connect", async () => {
      await subject.passTime(50);
      return !await isBlocked(own.other, own.mid(), own.sender());
    });
    assert.equal(await own.moderation.unblock({ mid: own.mid() }), false);
  });

  test("knows mids of 64 bits and odd keys apart", async (own) => {
    const { moderation } = own;
    const mids = [2n ** 63n - 1n - own.mid(), own.mid() - 2n ** 63n, 2n ** 53n + own.mid()];
    for (const mid of mids) {
      await moderation.block({ mid }, LONG_MS);
      assert.deepEqual(
        [await isBlocked(moderation, mid), await isBlocked(moderation, mid + 1n)],
        [true, false],
      );
    }
    const keys = ODD_NAMES.map((name) => name + own.sender());
    for (const [index, key] of keys.entries()) {
      const who: Blocked = { key };
      await moderation.block(who, LONG_MS);
      const found = await Promise.all(keys.map((key) => isBlocked(own.other, 0n, key)));
      assert.deepEqual(found, keys.map((_, other) => other === index));
      assert.equal(await moderation.unblock(who), true);
    }
  });
}
