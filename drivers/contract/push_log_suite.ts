import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { LeaseLost, type PushEntry, PushLogFull, type PushLogPromise } from "../ports.ts";
import type { PushLogOptions } from "../store.ts";
import {
  leaseOf,
  plain,
  positions,
  type PushLogSubject,
  readAtRandom,
  type RegisterTest,
  room,
  texts,
} from "./push_log_model.ts";
import { fencedTests, ownersTests } from "./leases_suite.ts";
import { historyTests } from "./history_suite.ts";
import { mediaRetentionTests } from "./media_retention_suite.ts";
import { mediaTests } from "./media_suite.ts";
import { offsetsTests } from "./offsets_suite.ts";
import { publishIdTests } from "./publish_id_suite.ts";
import { within } from "./waiting.ts";

const options: PushLogOptions = { partitions: 3, partitionBytesMax: 1 << 20, leaseMs: 60_000 };

/** Registers the tests that every push log passes. */
export function testPushLog(subject: PushLogSubject): void {
  const test: RegisterTest = (name, body, changes = {}) => {
    it(name, { timeout: 60_000 }, async () => {
      const [log, other] = await subject.open({ ...options, ...changes });
      try {
        await body(log, other);
      } finally {
        await log.close();
        await other.close();
      }
    });
  };

  describe(`PushLog on ${subject.name}`, () => {
    before(() => subject.start(), { timeout: 60_000 });
    after(() => subject.stop());

    const promises: Readonly<Record<PushLogPromise, () => void>> = {
      whole() {
        test("keeps every kind of push whole, with every byte value and odd characters", async (log) => {
          const body = Uint8Array.from({ length: 512 }, (_, index) => index);
          const odd = 'a"b,c\n\u0000 \u{1F600} ё';
          const messages: PushMessage[] = [
            { kind: "room", room: `live://${odd}`, operation: -2147483648, body },
            { kind: "keys", server: "c~1", keys: [odd, "", "k2"], operation: 2147483647, body },
            { kind: "broadcast", speed: 2147483647, operation: 1, body: new Uint8Array() },
          ];
          for (const message of messages) await log.append(0, message);
          const lease = await leaseOf(log, 0, "a");
          const entries = await log.read(lease, 10);
          assert.deepEqual(entries.map(({ message }) => plain(message)), messages);
        });
      },
      ordered() {
        test("gives entries of a partition in the order of append(), and no more than asked", async (log) => {
          const given = [];
          for (const text of "abcd") given.push((await log.append(1, room(text))).position);
          await log.append(2, room("elsewhere"));
          const lease = await leaseOf(log, 1, "a");
          const first = await log.read(lease, 3);
          const rest = await log.read(lease, 3);
          assert.deepEqual(texts(first), ["a", "b", "c"]);
          assert.deepEqual(texts(rest), ["d"]);
          assert.deepEqual([...positions(first), ...positions(rest)], given);
          for (const position of given) assert.ok(Number.isSafeInteger(position));
          assert.deepEqual(given, given.toSorted((a, b) => a - b));
          assert.equal(new Set(given).size, 4);
        });

        test("keeps the order of appends that are under way at once", async (log) => {
          const appended = await Promise.all(
            Array.from({ length: 200 }, (_, index) => log.append(0, room(String(index)))),
          );
          const given = appended.map(({ position }) => position);
          assert.equal(new Set(given).size, 200);
          const lease = await leaseOf(log, 0, "a");
          const entries: PushEntry[] = [];
          while (entries.length < 200) entries.push(...await log.read(lease, 64));
          const sorted = given.toSorted((a, b) => a - b);
          assert.deepEqual(positions(entries), sorted);
          assert.deepEqual(texts(entries), sorted.map((at) => String(given.indexOf(at))));
          await log.ack(lease, positions(entries));
          assert.deepEqual((await log.lag())[0], { entries: 0, bytes: 0 });
        });
      },
      kept() {
        test("shows what is not acknowledged again to claim(), and not to read()", async (log) => {
          for (const text of ["a", "b", "c"]) await log.append(0, room(text));
          const lease = await leaseOf(log, 0, "a");
          const [a, b] = await log.read(lease, 2);
          assert.deepEqual(texts(await log.claim(lease)), ["a", "b"]);
          await log.ack(lease, [b.position]);
          assert.deepEqual(texts(await log.claim(lease)), ["a"]);
          assert.deepEqual(texts(await log.read(lease, 2)), ["c"]);
          await log.ack(lease, [a.position, b.position]);
          assert.deepEqual(texts(await log.claim(lease)), ["c"]);
        });

        test(
          "hands pending entries to the next owner, oldest first, then the new ones",
          async (log, other) => {
            for (const text of ["a", "b", "c"]) await log.append(0, room(text));
            const lease = await leaseOf(log, 0, "a");
            assert.deepEqual(texts(await log.read(lease, 2)), ["a", "b"]);
            await log.release(lease);
            const next = await leaseOf(other, 0, "b");
            assert.deepEqual(texts(await other.claim(next)), ["a", "b"]);
            assert.deepEqual(texts(await other.read(next, 10)), ["c"]);
            await other.ack(next, positions(await other.claim(next)));
            assert.deepEqual(await other.claim(next), []);
            assert.deepEqual(await other.lag(), Array(3).fill({ entries: 0, bytes: 0 }));
          },
        );

        for (const seed of [1, 2, 3]) {
          test(
            `loses and swaps nothing, whoever reads it how (seed ${seed})`,
            async (log, other) => {
              await readAtRandom(seededPrng(seed), [log, other]);
            },
          );
        }
      },
      fenced: () => fencedTests(test),
      owners: () => ownersTests(test),
      bounded() {
        test(
          "refuses what a partition has no room for, until something is acknowledged",
          async (log) => {
            const large = room("x".repeat(3_000));
            const stored: number[] = [];
            const fill = async () => {
              while (stored.length < 100) stored.push((await log.append(0, large)).position);
            };
            await assert.rejects(fill(), PushLogFull);
            assert.ok(stored.length >= 2 && stored.length <= 3, `${stored.length} were stored`);
            await log.append(1, large);
            const lease = await leaseOf(log, 0, "a");
            assert.deepEqual(positions(await log.read(lease, 10)), stored);
            await assert.rejects(
              log.append(0, large),
              PushLogFull,
              "what is read is not yet forgotten",
            );
            await log.ack(lease, [stored[0], stored[0]]);
            await log.append(0, large);
            await assert.rejects(log.append(0, large), PushLogFull);
          },
          { partitionBytesMax: 10_000 },
        );

        test("refuses a body of 1 MB with a clear error", async (log) => {
          const message = { kind: "broadcast", speed: 0, operation: 1 } as const;
          await assert.rejects(log.append(0, { ...message, body: new Uint8Array(1 << 20) }), {
            message: "Cannot append to push log: body must be at most 65472 bytes, " +
              "current value is 1048576",
          });
          assert.deepEqual((await log.lag())[0], { entries: 0, bytes: 0 });
        });
      },
      waiting() {
        test("read() waits until there is an entry", async (log, other) => {
          const lease = await leaseOf(log, 0, "a");
          const waiting = log.read(lease, 10);
          await other.append(1, room("elsewhere"));
          await other.append(0, room("here"));
          assert.deepEqual(texts(await within("the entry", waiting)), ["here"]);
        });

        test("close() ends a read that waits, and there is no lease any more", async (log) => {
          const lease = await leaseOf(log, 0, "a");
          const waiting = log.read(lease, 10).catch((error) => error);
          await log.close();
          assert.ok(await within("the end of the read", waiting) instanceof LeaseLost);
          await assert.rejects(log.read(lease, 10), LeaseLost);
          await assert.rejects(log.claim(lease), LeaseLost);
          await assert.rejects(log.append(0, room("late")));
        });
      },
      offsets: () => offsetsTests(subject, test),
      history: () => historyTests(subject, test),
      media() {
        mediaTests(subject, test);
        mediaRetentionTests(subject, test);
      },
      once: () => publishIdTests(subject, test),
    };
    for (const [promise, tests] of Object.entries(promises)) {
      describe(promise, tests);
    }
  });
}
