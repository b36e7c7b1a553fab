import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scriptArgs } from "../../platform/select.ts";
import { openData, withDirectory } from "../../tests/support/data_directory.ts";
import { append, range, readPage, readThrough } from "../contract/history_model.ts";
import { within } from "../contract/waiting.ts";

const program = fileURLToPath(new URL("../../tests/support/append_child.ts", import.meta.url));

/** Lets a process append, kills it after so many answers, and gives the last offset it told. */
async function appendUntilKilled(directory: string, answers: number): Promise<number> {
  const child = spawn(process.execPath, [...scriptArgs, program, directory], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  let last = 0, count = 0;
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      last = Math.max(last, Number(line));
      if (++count === answers) process.kill(child.pid!, "SIGKILL");
    }
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid!, "SIGKILL");
    await ended;
  }
  return last;
}

test("A killed process loses nothing that it has answered", { timeout: 60_000 }, async () => {
  await withDirectory(async (directory) => {
    let epoch = "";
    for (const answers of [1, 700, 2_500]) {
      const last = await within("the kill", appendUntilKilled(directory, answers));
      const data = await openData(directory);
      const { head, first, ...page } = await readPage(data.log);
      assert.ok(last >= answers && head >= last, `${head} >= ${last} >= ${answers}`);
      assert.equal(first, 1);
      if (epoch !== "") assert.equal(page.epoch, epoch);
      epoch = page.epoch;
      assert.deepEqual((await readThrough(data.log, {})).offsets, range(1, head));
      assert.deepEqual((await append(data.log, "next")).stream, { epoch, offset: head + 1 });
      await data.close();
    }
  });
});
