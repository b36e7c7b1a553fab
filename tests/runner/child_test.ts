import { test } from "node:test";
import assert from "node:assert/strict";
import { run } from "./child.ts";

test("run() gives the exit code and both streams", async () => {
  const { code, output } = await run("sh", ["-c", "echo $WORD; echo err >&2; exit 3"], {
    env: { WORD: "out" },
  });
  assert.equal(code, 3);
  assert.deepEqual(output.trim().split("\n").sort(), ["err", "out"]);
});

test("run() kills what is still running at the deadline", async () => {
  const { code, output } = await run("sleep", ["60"], { deadlineMs: 100 });
  assert.notEqual(code, 0);
  assert.match(output, /killed: still running after 0\.1 s/);
});

test("run() says 127 when there is no such command", async () => {
  assert.equal((await run("no-such-command", [])).code, 127);
});
