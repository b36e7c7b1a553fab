import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { pattern, pendingBytesMax, Probe, withPair } from "./contract/probe.ts";
import { WriteOutcome } from "./port.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
const { streams } = platform;

let folder = "";

function socket(name: string): string {
  return `unix:${join(folder, name)}`;
}

function listen(hostname: string) {
  return streams.listen({ hostname, port: 0, pendingBytesMax, handler: new Probe() });
}

/** Leaves a socket behind that nobody listens on, as a killed process does. */
async function leaveBehind(path: string): Promise<void> {
  const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => ` +
    `{ console.log("ready"); setInterval(() => {}, 1000); })`;
  const child = spawn("node", ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  process.kill(child.pid!, "SIGKILL");
  await once(child, "exit");
  assert.ok(existsSync(path));
}

describe("Streams over a unix socket", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "halley-unix-"));
  });
  after(() => rm(folder, { recursive: true }));

  it("carries bytes both ways, tells the end, and leaves no file", async () => {
    const hostname = socket("a.sock");
    await withPair(platform, { hostname }, async ({ listener, accepted, dialled, ...probes }) => {
      assert.deepEqual(listener.address, { hostname, port: 0 });
      assert.equal(accepted.remoteAddress, "unix");
      assert.equal(statSync(join(folder, "a.sock")).mode & 0o777, 0o600);
      assert.equal(dialled.write(pattern(1000, 1)), WriteOutcome.sent);
      accepted.write(pattern(3000, 2));
      const { server, client } = probes;
      await server.until("all is up", () => accepted.context.receivedBytes === 1000);
      await client.until("all is down", () => dialled.context.receivedBytes === 3000);
      assert.deepEqual(accepted.context.received(), pattern(1000, 1));
      assert.deepEqual(dialled.context.received(), pattern(3000, 2));
      dialled.end();
      await server.until("the end comes", () => accepted.context.ends === 1);
      accepted.end();
      await client.until("it is over", () => dialled.context.closes === 1);
    });
    assert.ok(!existsSync(join(folder, "a.sock")));
  });

  it("holds back what a peer does not read, and goes on when it does", async () => {
    const limit = 8 * 1024 * 1024;
    const options = { hostname: socket("b.sock"), pendingBytesMax: limit };
    await withPair(platform, options, async ({ accepted, dialled, client, server }) => {
      dialled.pause();
      const chunk = pattern(256 * 1024);
      let sent = 0;
      while (accepted.pendingBytes < 2 * 1024 * 1024) {
        assert.notEqual(accepted.write(chunk), WriteOutcome.dropped);
        sent += chunk.length;
      }
      dialled.resume();
      await client.until("all has come", () => dialled.context.receivedBytes === sent);
      await server.until("the queue is empty", () => accepted.context.drains === 1);
    });
  });

  it("takes the place of one that a killed process left, not of one that is in use", async () => {
    const path = join(folder, "c.sock");
    await leaveBehind(path);
    const listener = await listen(`unix:${path}`);
    await assert.rejects(listen(`unix:${path}`), {
      message: `Cannot listen on unix:${path}: address already in use`,
    });
    await listener.close();
    writeFileSync(path, "no socket");
    await assert.rejects(listen(`unix:${path}`), /address already in use/);
    assert.equal(readFileSync(path, "utf8"), "no socket");
  });

  it("says in one line why it cannot listen or connect", async () => {
    const long = socket("x".repeat(120));
    await assert.rejects(listen(long), /its path must begin with \/ and have at most 103 bytes/);
    await assert.rejects(listen("unix:relative.sock"), /its path must begin with \//);
    const missing = socket("missing/d.sock");
    await assert.rejects(listen(missing), {
      message: `Cannot listen on ${missing}: no such file or directory`,
    });
    const nobody = socket("nobody.sock");
    const dial = streams.dial({ hostname: nobody, port: 0, pendingBytesMax, handler: new Probe() });
    await assert.rejects(dial, {
      message: `Cannot connect to ${nobody}: no such file or directory`,
    });
  });
});
