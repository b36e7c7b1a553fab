import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { closeAll, pattern, pendingBytesMax, Probe } from "./contract/probe.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
const resets = 40;

/** Connects and resets, so many times; nobody can accept meanwhile. */
function resetBeforeAccept(port: number): void {
  const script = `const { connect } = require("net");
    for (let index = 0; index < ${resets}; index++) {
      const socket = connect(${port}, "127.0.0.1", () => socket.resetAndDestroy());
      socket.on("error", () => {});
    }`;
  const { status } = spawnSync("node", ["-e", script], { stdio: "inherit" });
  assert.equal(status, 0);
}

test("Connections that are reset before they are accepted hold nobody up", async () => {
  const hostname = "127.0.0.1";
  const [server, client] = [new Probe(), new Probe()];
  const counters = { acceptFailures: 0, tlsFailures: 0 };
  const listener = await platform.streams.listen(
    { hostname, port: 0, pendingBytesMax, handler: server, counters },
  );
  const { port } = listener.address;
  try {
    resetBeforeAccept(port);
    const dialled = await platform.streams.dial({
      hostname,
      port,
      pendingBytesMax,
      handler: client,
    });
    dialled.write(pattern(10));
    await server.until("the next one is served", () => {
      return server.conns.at(-1)?.context.receivedBytes === 10;
    });
    const accepted = server.conns.length - 1;
    if (platform.process.runtime.startsWith("deno")) {
      assert.equal(counters.acceptFailures + accepted, resets);
    }
  } finally {
    await closeAll(server, client);
    await listener.close();
  }
});
