import assert from "node:assert/strict";
import { test } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { withDirectory } from "../../tests/support/data_directory.ts";
import { append, bodies, readPage } from "../contract/history_model.ts";
import { openSqlite } from "./open.ts";

test("SqlitePushLog.readHistory() leaves each turn of the event loop to others after a while", async () => {
  await withDirectory(async (directory) => {
    let nowMs = 0, turn = 0;
    // Each read takes 3 ms.
    const clock = { ...systemClock, monotonicMs: () => nowMs += 3 };
    const parts = { clock, running: clock, prng: seededPrng(1) };
    const store = await openSqlite(`sqlite:${directory}`, parts);
    const log = await store.openPushLog!({ partitions: 1, partitionBytesMax: 1 << 20 });
    await append(log, "a");
    let open = true;
    const count = () => {
      turn++;
      if (open) systemClock.nextTurn(count);
    };
    count();
    const finished: number[] = [];
    const reads = Array.from({ length: 9 }, async () => {
      assert.deepEqual(bodies(await readPage(log)), ["a"]);
      finished.push(turn);
    });
    await Promise.all(reads);
    open = false;
    const perTurn = finished.map((turn) => finished.filter((other) => other === turn).length);
    assert.ok(Math.max(...perTurn) <= 2, `reads finished in turns ${finished}`);
    await log.close();
    await store.close();
  });
});
