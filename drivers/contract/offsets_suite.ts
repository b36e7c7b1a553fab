import assert from "node:assert/strict";
import { partitionOfRoom } from "../../protocol/push_message.ts";
import { PushLogFull } from "../ports.ts";
import {
  append,
  appendAll,
  appendAtOnce,
  bodies,
  entriesOf,
  keepAll,
  offsets,
  pushOf,
  range,
  readPage,
  ROOM,
} from "./history_model.ts";
import type { PushLogSubject, RegisterTest } from "./push_log_model.ts";

/** Tests of the offsets of rooms. */
export function offsetsTests(subject: PushLogSubject, test: RegisterTest): void {
  test("counts from 1 under one epoch, each room for itself", async (log) => {
    const first = await append(log, "a");
    const second = await append(log, "b");
    const elsewhere = await append(log, pushOf("c", { room: "live://2" }));
    const { epoch } = first.stream!;
    assert.ok(epoch.length > 0 && epoch.length <= 32, epoch);
    assert.deepEqual(first.stream, { epoch, offset: 1 });
    assert.deepEqual(second.stream, { epoch, offset: 2 });
    assert.equal(elsewhere.stream?.offset, 1);
    assert.notEqual(elsewhere.stream.epoch, epoch);
    assert.ok(second.position > first.position);
  });

  test(
    "leaves no hole between two writers at once, and entries say offsets",
    async (log, other) => {
      const texts = (of: string) => range(1, 100).map((index) => `${of}${index}`);
      const given = (await Promise.all([
        appendAtOnce(log, texts("a")),
        appendAtOnce(other, texts("b")),
      ])).flat();
      const byOffset = given.toSorted((a, b) => a.stream!.offset - b.stream!.offset);
      assert.deepEqual(byOffset.map(({ stream }) => stream!.offset), range(1, 200));
      const positions = byOffset.map(({ position }) => position);
      assert.deepEqual(positions, positions.toSorted((a, b) => a - b));

      const entries = await entriesOf(other, ROOM, 200);
      const streams = entries.map(({ message }) => message.kind === "room" ? message.stream : null);
      assert.deepEqual(streams, byOffset.map(({ stream }) => stream));
      const page = await readPage(log);
      assert.deepEqual(offsets(page), range(1, 200));
      assert.deepEqual(
        page.messages.map(({ body }) => Uint8Array.from(body)),
        entries.map(({ message }) => Uint8Array.from(message.body)),
      );
    },
  );

  test("gives pushes without retention no offset, and keeps them out", async (log) => {
    assert.equal((await append(log, "a", {})).stream, undefined);
    assert.equal((await append(log, "b")).stream?.offset, 1);
    assert.equal((await append(log, "c", {})).stream, undefined);
    assert.equal((await append(log, "d")).stream?.offset, 2);
    assert.deepEqual(bodies(await readPage(log)), ["b", "d"]);
    const [a, b] = await entriesOf(log, ROOM, 4);
    assert.ok(a.message.kind === "room" && a.message.stream === undefined);
    assert.equal(b.message.kind === "room" && b.message.stream?.offset, 1);
  });

  test("refuses what a partition has no room for without an offset or a trace", async (log) => {
    const large = pushOf("x".repeat(3_000));
    const fill = async () => {
      for (let count = 0; count < 100; count++) await append(log, large);
    };
    await assert.rejects(fill(), PushLogFull);
    const { head } = await readPage(log);
    await assert.rejects(
      append(log, large, { retention: keepAll, publishId: "x" }),
      PushLogFull,
    );
    const entries = await entriesOf(log, ROOM, head);
    const lease = await log.acquire(partitionOfRoom(ROOM, log.partitions), "reader");
    await log.ack(lease!, [entries[0].position]);
    const { stream } = await append(log, large, { retention: keepAll, publishId: "x" });
    assert.equal(stream?.offset, head + 1);
  }, { partitionBytesMax: 10_000 });

  test("answers of a room without state the empty epoch, and makes none", async (log) => {
    const nothing = { epoch: "", head: 0, first: 1, messages: [], more: false };
    for (const query of [{}, { after: 7 }, { last: 5 }, { fromMs: 0, toMs: 9 }]) {
      assert.deepEqual(await readPage(log, { room: "never", ...query }), nothing);
      assert.deepEqual(await readPage(log, { room: "never", ...query }), nothing);
    }
  });

  test("changes the epoch after the last offset, and begins at 1", async (log) => {
    const given = await appendAll(log, ["a", "b", "c", "d", "e"]);
    const epochs = given.map(({ stream }) => stream!.epoch);
    assert.deepEqual(given.map(({ stream }) => stream!.offset), [1, 2, 3, 1, 2]);
    assert.deepEqual([epochs[0], epochs[0]], [epochs[1], epochs[2]]);
    assert.notEqual(epochs[3], epochs[0]);
    assert.equal(epochs[4], epochs[3]);
    const page = await readPage(log);
    assert.deepEqual([page.epoch, page.head, page.first], [epochs[3], 2, 1]);
    assert.deepEqual(bodies(page), ["d", "e"]);
  }, { offsetMax: 3 });

  test("begins another epoch when everything was lost", async (log) => {
    const before = await appendAll(log, ["a", "b"]);
    const after = subject.lose === undefined
      ? (await subject.open({ partitions: 3, partitionBytesMax: 1 << 20 }))[0]
      : log;
    await subject.lose?.();
    assert.equal((await readPage(after)).epoch, "");
    const { stream, position } = await append(after, "c");
    assert.equal(stream?.offset, 1);
    assert.notEqual(stream?.epoch, before[0].stream?.epoch);
    assert.deepEqual(bodies(await readPage(after)), ["c"]);
    if (after === log) assert.ok(position > before[1].position);
    else await after.close();
  });
}
