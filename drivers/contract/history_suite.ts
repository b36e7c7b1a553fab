import assert from "node:assert/strict";
import { systemClock } from "../../platform/system_clock.ts";
import {
  append,
  appendAll,
  appendAtOnce,
  bodies,
  keepAll,
  manyPushes,
  offsets,
  pushOf,
  range,
  readPage,
  readThrough,
} from "./history_model.ts";
import type { PushLogSubject, RegisterTest } from "./push_log_model.ts";
import { until } from "./waiting.ts";

/** Names that a careless driver confuses or cuts. */
const ODD_ROOMS = ["live://{x}", "{live}://1", 'a"b,c\n\0 \u{1F600} ё', "live://*?[a]", "plain"];

/** Tests of what rooms keep. */
export function historyTests(subject: PushLogSubject, test: RegisterTest): void {
  test("keeps messages whole: every byte, every character, and what there is not", async (log) => {
    const body = Uint8Array.from({ length: 512 }, (_, index) => index);
    const empty = new Uint8Array();
    const startMs = systemClock.wallMs();
    for (const room of ODD_ROOMS) {
      const given = [
        pushOf("", {
          room,
          operation: -2147483648,
          body,
          mediaMs: 2 ** 53 - 1,
          mid: 2n ** 63n - 1n,
        }),
        pushOf("", { room, operation: 2147483647, body: empty, mediaMs: 0, mid: -(2n ** 63n) }),
        pushOf("", { room, body: Uint8Array.from([0]) }),
      ];
      for (const push of given) await append(log, push);
      const { messages } = await readPage(log, { room });
      assert.deepEqual(
        messages.map(({ timeMs: _, ...message }) => ({
          ...message,
          mediaMs: message.mediaMs,
          body: Uint8Array.from(message.body),
        })),
        given.map(({ operation, body, mediaMs, mid = 0n }, index) => (
          { offset: index + 1, operation, mediaMs, mid, body }
        )),
      );
      for (const { timeMs } of messages) {
        assert.ok(Math.abs(timeMs - startMs) < 20 * 60_000, `${timeMs} is now`);
      }
    }
  });

  test("gives what is behind an offset, in pages", async (log) => {
    const { epoch } = (await appendAll(log, range(1, 10).map(String)))[0].stream!;
    const page = async (after: number, limit: number) => {
      const { messages: _, ...rest } = await readPage(log, { after, limit });
      return rest;
    };
    const state = { epoch, head: 10, first: 1 };
    assert.deepEqual(bodies(await readPage(log, { after: 7 })), ["8", "9", "10"]);
    assert.deepEqual(bodies(await readPage(log, { after: 2, limit: 3 })), ["3", "4", "5"]);
    assert.deepEqual(await page(2, 3), { ...state, more: true });
    assert.deepEqual(await page(7, 3), { ...state, more: false });
    assert.deepEqual(offsets(await readPage(log, { after: 10 })), []);
    assert.deepEqual(await page(10, 3), { ...state, more: false });
    assert.deepEqual(await page(11, 3), { ...state, more: false });
    const all = await readThrough(log, { limit: 3 });
    assert.deepEqual(all.pages.map(({ messages }) => messages.length), [3, 3, 3, 1]);
    assert.deepEqual(all.offsets, range(1, 10));
  });

  test("gives the latest ones, oldest first, and says whether there are others", async (log) => {
    await appendAll(log, range(1, 10).map(String));
    const last = async (last: number, limit = 1_000, bytesMax = 1_000) => {
      const page = await readPage(log, { last, limit, bytesMax });
      return [bodies(page).join(" "), page.more];
    };
    assert.deepEqual(await last(3), ["8 9 10", true]);
    assert.deepEqual(await last(10), ["1 2 3 4 5 6 7 8 9 10", false]);
    assert.deepEqual(await last(99), ["1 2 3 4 5 6 7 8 9 10", false]);
    assert.deepEqual(await last(5, 2), ["9 10", true]);
    assert.deepEqual(await last(5, 1_000, 4), ["8 9 10", true]);
    assert.deepEqual(await last(5, 1_000, 1), ["10", true]);
    assert.deepEqual(await last(0), ["", true]);
  });

  test("stops before it gives too many bytes, and gives one message at least", async (log) => {
    await appendAll(log, ["aaaa", "bbbb", "c".repeat(100), "d"]);
    const page = async (after: number, bytesMax: number) => {
      const found = await readPage(log, { after, bytesMax });
      return [offsets(found), found.more];
    };
    assert.deepEqual(await page(0, 8), [[1, 2], true]);
    assert.deepEqual(await page(0, 7), [[1], true]);
    assert.deepEqual(await page(2, 8), [[3], true]);
    assert.deepEqual(await page(2, 101), [[3, 4], false]);
    assert.deepEqual(await page(3, 1), [[4], false]);
  });

  test("keeps as many as it is told, by the append and by the read", async (log) => {
    const retention = { ...keepAll, sizeMax: 3 };
    await appendAll(log, range(1, 5).map(String), retention);
    const page = await readPage(log, {}, retention);
    assert.deepEqual([page.head, page.first, page.more], [5, 3, false]);
    assert.deepEqual(bodies(page), ["3", "4", "5"]);
    assert.deepEqual(bodies(await readPage(log, { after: 1 }, retention)), ["3", "4", "5"]);
    assert.deepEqual((await readPage(log, { last: 3 }, retention)).more, false);
    const less = await readPage(log, { after: 0 }, { ...keepAll, sizeMax: 2 });
    assert.deepEqual([less.first, ...bodies(less)], [4, "4", "5"]);
    const least = await readPage(log, { last: 9 }, { ...keepAll, sizeMax: 1 });
    assert.deepEqual([least.first, least.more, ...bodies(least)], [5, false, "5"]);
  });

  test("keeps for as long as it is told, and the offsets longer", async (log) => {
    const retention = { ...keepAll, ttlMs: 250 };
    const { epoch } = (await append(log, "a", { retention })).stream!;
    await until("a is too old", async () => {
      await subject.passTime(100);
      return (await readPage(log, {}, retention)).messages.length === 0;
    });
    const page = await readPage(log, {}, retention);
    assert.deepEqual(page, { epoch, head: 1, first: 2, messages: [], more: false });
    assert.deepEqual(await readPage(log, { last: 1 }, retention), page);
    assert.deepEqual(await readPage(log, { fromMs: 0, toMs: 1 }, retention), page);
    const longer = { ...keepAll, ttlMs: 60_000 };
    assert.deepEqual((await append(log, "b", { retention: longer })).stream, {
      epoch,
      offset: 2,
    });
    const next = await readPage(log, {}, longer);
    assert.deepEqual(bodies(next).at(-1), "b");
  });

  if (subject.ownsTime) {
    test("forgets a room's offsets a week after its last message", async (log) => {
      const { epoch } = (await append(log, "a")).stream!;
      const weekMs = 7 * 86_400_000;
      await subject.passTime(keepAll.ttlMs + weekMs - 60_000);
      assert.deepEqual((await append(log, "b")).stream, { epoch, offset: 2 });
      await subject.passTime(keepAll.ttlMs + weekMs - 60_000);
      assert.equal((await readPage(log)).head, 2);
      await subject.passTime(60_000);
      assert.equal((await readPage(log)).epoch, "");
      const { stream } = await append(log, "c");
      assert.equal(stream?.offset, 1);
      assert.notEqual(stream?.epoch, epoch);
    });
  }

  if (subject.ownsTime) {
    test("keeps order and offsets when the clock is set back", async (log) => {
      const retention = { ...keepAll, ttlMs: 60_000 };
      await appendAll(log, ["a", "b"], retention);
      await subject.passTime(-3_600_000);
      await appendAll(log, ["c", "d"], retention);
      assert.equal((await readPage(log, {}, retention)).messages.length, 4);
      await subject.passTime(60_000);
      await append(log, "e", { retention });
      const page = await readPage(log, {}, retention);
      assert.deepEqual([page.first, ...bodies(page)], [1, "a", "b", "c", "d", "e"]);
      const times = page.messages.map(({ timeMs }) => timeMs);
      assert.deepEqual(times, times.toSorted((a, b) => a - b));
      await subject.passTime(3_600_000);
      const later = await readPage(log, {}, retention);
      assert.deepEqual([later.first, later.messages.length], [6, 0]);
    });
  }

  const { manyMessages } = subject;
  test(`reads a room of ${manyMessages} messages in pages`, async (log) => {
    await appendAtOnce(log, manyPushes(manyMessages));
    const all = await readThrough(log, {});
    assert.deepEqual(all.offsets, range(1, manyMessages));
    assert.equal(all.pages.length, manyMessages / 1_000);
    const byBytes = await readThrough(log, { after: manyMessages - 1_000, bytesMax: 10_000 });
    assert.deepEqual(byBytes.offsets, range(manyMessages - 999, manyMessages));
    assert.equal(byBytes.pages.length, 10);
    const latest = await readPage(log, { last: 50 });
    assert.deepEqual(offsets(latest), range(manyMessages - 49, manyMessages));
  }, { partitionBytesMax: 1 << 30 });
}
