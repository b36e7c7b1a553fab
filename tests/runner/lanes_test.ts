import assert from "node:assert/strict";
import { test } from "node:test";
import { type Job, lineUp, runInLanes } from "./lanes.ts";
import type { Runtime } from "./runtimes.ts";

const runtimes: Runtime[] = [
  { name: "deno", version: "1", path: "deno" },
  { name: "bun", version: "1", path: "bun" },
];

function names(jobs: readonly Job[]): string[] {
  return jobs.map(({ runtime, file }) => `${runtime.name} ${file}`);
}

test("lineUp() puts what takes long first, and keeps what computes apart from what waits", () => {
  const files = [
    "a_test.ts",
    "bench/b_test.ts",
    "tests/simulation/w_test.ts",
    "tests/faults/f_test.ts",
  ];
  const lines = lineUp(files, runtimes);
  assert.deepEqual(names(lines.computing), [
    "deno tests/simulation/w_test.ts",
    "bun tests/simulation/w_test.ts",
    "deno a_test.ts",
    "bun a_test.ts",
  ]);
  assert.deepEqual(names(lines.waiting), [
    "deno tests/faults/f_test.ts",
    "bun tests/faults/f_test.ts",
    "deno bench/b_test.ts",
    "bun bench/b_test.ts",
  ]);
});

test("runInLanes() runs one that computes beside three that wait, then whatever is left", async () => {
  const files = ["a_test.ts", "tests/faults/f_test.ts", "tests/faults/g_test.ts"];
  const begun: string[] = [];
  const ends: (() => void)[] = [];
  const all = runInLanes(lineUp(files, runtimes), (job) => {
    begun.push(...names([job]));
    return new Promise<void>((resolve) => ends.push(resolve));
  });
  const after = async (end: number) => {
    ends[end]();
    await Promise.resolve();
    return begun.at(-1);
  };
  assert.deepEqual(begun, [
    "deno a_test.ts",
    "deno tests/faults/f_test.ts",
    "bun tests/faults/f_test.ts",
    "deno tests/faults/g_test.ts",
  ]);
  assert.equal(await after(0), "bun a_test.ts");
  assert.equal(await after(4), "bun tests/faults/g_test.ts");
  for (const end of ends) end();
  await all;
  assert.equal(begun.length, 6);
});
