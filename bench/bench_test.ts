import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { runBeside } from "../tests/support/beside.ts";
import { benches } from "./benches.ts";
import { Child } from "./child.ts";
import { scriptArgs } from "../platform/select.ts";

/** Even in small, a benchmark may last longer than Bun gives a test. */
const limits = { timeout: 60_000 };

/** Benchmarks that run at a time: their figures are not looked at. */
const AT_A_TIME = 4;

/** All of them, the one that waits longest, the last, at first. */
const names = Object.keys(benches).reverse();

interface Ended {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the benchmark command on this same runtime. */
function bench(...args: string[]): Promise<Ended> {
  const script = fileURLToPath(new URL("./run.ts", import.meta.url));
  const options = { timeout: limits.timeout - 5_000 };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...scriptArgs, script, ...args],
      options,
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code ?? "killed", stdout, stderr });
      },
    );
  });
}

/** Checks a table: a title, a head, and rows whose cells after the first are finite numbers. */
function assertTable(table: string): void {
  const [title, head, ...rows] = table.split("\n").map((line) => line.trim().split(/\s{2,}/));
  assert.equal(title.length, 1, table);
  assert.ok(rows.length > 0, table);
  for (const [name, ...cells] of rows) {
    assert.equal(cells.length, head.length - 1, `${name} has a cell for each column:\n${table}`);
    for (const cell of cells) {
      assert.match(cell, /^-?[\d,]+(\.\d+)?(e[+-]\d+)?$/, `${name} in:\n${table}`);
      assert.ok(Number.isFinite(Number(cell.replaceAll(",", ""))), `${name} in:\n${table}`);
    }
  }
}

describe("the benchmark command", () => {
  let runs: Map<string, Promise<Ended>>;
  before(() => {
    runs = runBeside(names, AT_A_TIME, (name) => bench(name, "--scale", "0.01"));
  });

  for (const name of names) {
    test(`the benchmark "${name}" prints finite figures when run in small`, limits, async () => {
      const { code, stdout, stderr } = await runs.get(name)!;
      assert.equal(code, 0, stderr);
      const [machine, ...tables] = stdout.trim().split("\n\n");
      assert.match(machine, /^(bun|deno) \d+\.\d+\.\d+, \d+ × .+, [\d.]+ GiB$/);
      assert.ok(tables.length > 0, "a benchmark prints a table");
      for (const table of tables) assertTable(table);
    });
  }

  test("the benchmark command refuses wrong arguments with one line and exit code 2", async () => {
    const mistakes: (readonly [string[], RegExp])[] = [
      [
        ["nonsense"],
        /^Cannot run benchmarks: NAME must be one of .*, current value is "nonsense"$/,
      ],
      [["--scale", "0"], /^Cannot run benchmarks: --scale must be more than 0, .* "0"$/],
      [["--scale", "x"], /^Cannot run benchmarks: --scale must be more than 0, .* "x"$/],
      [["--scale", "-1"], /--scale/],
      [["--scale"], /--scale/],
      [["--wrong"], /--wrong/],
    ];
    for (const [args, message] of mistakes) {
      const { code, stdout, stderr } = await bench(...args);
      assert.equal(code, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr.trim(), message);
      assert.equal(stderr.trim().split("\n").length, 1);
    }
  });

  test("the benchmark command explains itself", async () => {
    const { code, stdout } = await bench("--help");
    assert.equal(code, 0);
    for (const name of [...Object.keys(benches), "--scale"]) assert.ok(stdout.includes(name));
  });
});

test("Child.call() says that its child has ended, Child.stop() does not wait for it again", async () => {
  const child = new Child("./benches.ts");
  await assert.rejects(child.call("listen"), /^Error: Cannot call "listen": .* has ended$/);
  await child.stop();
  await child.stop();
});
