import assert from "node:assert/strict";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { startEchoServer } from "./contract/echo_child.ts";
import { closeAll, pattern, pendingBytesMax, Probe } from "./contract/probe.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
const openFilesMax = 64;
const clients = 100;

test("A listener without file descriptors lives on and serves again once some are free", async () => {
  const { child, port } = await startEchoServer(openFilesMax, 0);
  const exited = once(child, "exit");
  const client = new Probe();
  const dial = () =>
    platform.streams.dial({ hostname: "127.0.0.1", port, pendingBytesMax, handler: client });
  try {
    for (let index = 0; index < clients; index++) (await dial()).write(pattern(10));
    const served = () => client.conns.filter((conn) => conn.context.receivedBytes === 10).length;
    await client.until("the first clients are served", () => served() >= 10);
    assert(served() < openFilesMax, "more clients than descriptors");

    await closeAll(client);
    assert.equal(child.exitCode, null);
    const late = await dial();
    late.write(pattern(20));
    await client.until("a late client is served", () => late.context.receivedBytes === 20);
    assert.equal(child.exitCode, null);
  } finally {
    await closeAll(client);
    process.kill(child.pid!, "SIGKILL");
    await exited;
  }
});
