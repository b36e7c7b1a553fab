import assert from "node:assert/strict";
import { test } from "node:test";
import { runBeside } from "./beside.ts";

test("runBeside() begins in order, as many at a time as it may, and keeps what fails", async () => {
  const ends = new Map<string, () => void>();
  const outcomes = runBeside(["a", "b", "c", "d"], 2, async (name) => {
    await new Promise<void>((resolve) => ends.set(name, resolve));
    if (name === "b") throw new Error("on purpose");
    return `${name} is over`;
  });
  assert.deepEqual([...ends.keys()], ["a", "b"]);
  ends.get("b")!();
  await assert.rejects(outcomes.get("b")!, /on purpose/);
  assert.deepEqual([...ends.keys()], ["a", "b", "c"]);
  ends.get("a")!();
  assert.equal(await outcomes.get("a"), "a is over");
  ends.get("c")!();
  await outcomes.get("c");
  ends.get("d")!();
  assert.equal(await outcomes.get("d"), "d is over");
});
