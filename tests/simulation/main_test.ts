import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { main } from "./main.ts";
import { runWorld } from "./run_world.ts";

/** What it prints, and its exit code. */
async function run(...args: string[]): Promise<{ code: number; lines: string[] }> {
  const lines: string[] = [];
  const code = await main(args, (line) => lines.push(line));
  return { code, lines };
}

describe("The worlds' command line", () => {
  it("tells what happens in one world", async () => {
    const { code, lines } = await run("7");
    const { trace } = await runWorld(7);
    assert.equal(code, 0);
    assert.deepEqual(lines.slice(0, trace.length), trace);
    assert.match(lines.at(-1)!, /^1 worlds, 0 failed, \d+ events$/);
  });

  it("counts the failures of several", async () => {
    const { code, lines } = await run("7", "9");
    assert.equal(code, 0);
    assert.equal(lines.length, 1);
    assert.match(lines[0], /^3 worlds, 0 failed, \d+ events$/);
  });

  it("teaches those who say it wrong", async () => {
    for (const args of [[], ["x"], ["-1"], ["5", "3"], ["1.5"]]) {
      const { code, lines } = await run(...args);
      assert.equal(code, 2);
      assert.match(lines.join("\n"), /Usage: deno run -A tests\/simulation\/main\.ts SEED/);
    }
  });
});
