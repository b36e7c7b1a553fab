import assert from "node:assert/strict";
import { partitionOf, type PushMessage } from "../../protocol/push_message.ts";
import { type AppendOptions, PUBLISH_ID_MS, type PushLog } from "../ports.ts";
import { append, bodies, entriesOf, keepAll, pushOf, readPage, ROOM } from "./history_model.ts";
import { leaseOf, type PushLogSubject, type RegisterTest, texts } from "./push_log_model.ts";

/** Ids that a careless driver confuses, cuts or refuses. */
const ODD_IDS = ["{x}", "a:b", "1", "漢字 🎈", "nul\0nul", " ", "x".repeat(128)];

/** Tests of pushes that are sent more than once. */
export function publishIdTests(subject: PushLogSubject, test: RegisterTest): void {
  for (const [how, retention] of [["with", keepAll], ["without", undefined]] as const) {
    test(
      `stores a push ${how} retention once, and answers each retry alike`,
      async (log, other) => {
        const options = { retention, publishId: "id-1" };
        const first = await append(log, "a", options);
        assert.equal(first.stream?.offset, retention && 1);
        const next = await append(log, "b", { retention });
        assert.deepEqual(await append(other, "a", options), first);
        assert.deepEqual(await append(log, "other words", options), first);
        assert.ok(next.position > first.position);
        const last = await append(log, "c", { retention, publishId: "id-2" });
        assert.equal(last.stream?.offset, retention && 3);
        assert.deepEqual(texts(await entriesOf(log, ROOM, 3)), ["a", "b", "c"]);
        if (retention) assert.deepEqual(bodies(await readPage(log)), ["a", "b", "c"]);
      },
    );

    test(`stores a push ${how} retention once that 20 send at once`, async (log, other) => {
      const options = { retention, publishId: "same" };
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, index) => append(index % 2 ? log : other, "a", options)),
      );
      for (const each of all) assert.deepEqual(each, all[0]);
      await append(log, "b", { retention });
      assert.deepEqual(texts(await entriesOf(log, ROOM, 2)), ["a", "b"]);
      if (retention) assert.deepEqual(bodies(await readPage(log)), ["a", "b"]);
    });
  }

  test("tells ids of other rooms, comets and operations apart", async (log) => {
    const body = new Uint8Array(1);
    const messages: PushMessage[] = [
      pushOf("a"),
      pushOf("b", { room: "live://2" }),
      pushOf("c", { room: "1000" }),
      { kind: "keys", server: "1000", keys: ["k"], operation: 1, body },
      { kind: "keys", server: "live://1", keys: ["k"], operation: 1, body },
      { kind: "broadcast", speed: 0, operation: 1000, body },
      { kind: "broadcast", speed: 0, operation: 1001, body },
    ];
    for (const _ of "12") {
      for (const message of messages) await appendAs(log, message, { publishId: "same" });
      await appendAs(log, pushOf("d", { room: "y:z" }), { publishId: "x" });
      await appendAs(log, pushOf("e", { room: "z" }), { publishId: "x:y" });
    }
    const count = (await log.lag()).reduce((sum, { entries }) => sum + entries, 0);
    assert.equal(count, messages.length + 2);
  });

  test("tells odd ids apart", async (log) => {
    for (const _ of "12") {
      for (const publishId of ODD_IDS) await append(log, "a", { publishId });
    }
    await entriesOf(log, ROOM, ODD_IDS.length);
  });

  test("answers alike once the push is acknowledged and forgotten", async (log) => {
    const options = { retention: { ...keepAll, sizeMax: 1 }, publishId: "id" };
    const first = await append(log, "a", options);
    await append(log, "b", { retention: options.retention });
    const partition = partitionOf(pushOf(""), log.partitions);
    const lease = await leaseOf(log, partition, "reader");
    await log.ack(lease, (await log.read(lease, 10)).map(({ position }) => position));
    assert.deepEqual(await append(log, "a", options), first);
    assert.deepEqual((await log.lag())[partition], { entries: 0, bytes: 0 });
  });

  if (subject.ownsTime) {
    test("knows an id for five minutes", async (log) => {
      const options = { retention: keepAll, publishId: "id" };
      const first = await append(log, "a", options);
      await subject.passTime(PUBLISH_ID_MS - 60_000);
      assert.deepEqual(await append(log, "a", options), first);
      await subject.passTime(60_000);
      const next = await append(log, "a", options);
      assert.equal(next.stream?.offset, 2);
      assert.deepEqual(await append(log, "a", options), next);
    });
  }

  function appendAs(log: PushLog, message: PushMessage, options: AppendOptions) {
    return log.append(partitionOf(message, log.partitions), message, options);
  }
}
