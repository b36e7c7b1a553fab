import assert from "node:assert/strict";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { startEchoServer } from "./contract/echo_child.ts";

for (const signal of ["SIGINT", "SIGQUIT", "SIGTERM"] as const) {
  test(`Process.onSignal() hears ${signal}, exit() ends with its code`, async () => {
    const { child } = await startEchoServer(256, 7);
    const exited = once(child, "exit");
    process.kill(child.pid!, signal);
    assert.deepEqual(await exited, [7, null]);
  });
}
