import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parseAddress } from "../../cli/address.ts";
import { findRuntime } from "../runner/runtimes.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { testServer } from "../support/server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Compiles the program as the task `compile` does. */
async function compile(outfile: string): Promise<void> {
  const { path } = await findRuntime("bun");
  const args = ["build", "--compile", "mod.ts", "--outfile", outfile];
  await promisify(execFile)(path, args, { cwd: root });
}

test("the executable runs a server and its workers, with no runtime and nothing around it", {
  timeout: 60_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "halley-executable-"));
  try {
    const executable = join(folder, "halley");
    await compile(executable);
    const cwd = join(folder, "empty");
    await mkdir(cwd);
    const any = "127.0.0.1:0";
    const addresses = ["--tcp", any, "--ws", any, "--http", any];
    const args = ["start", "--workers", "2", "--log-format", "json", ...addresses];
    const env = { PATH: cwd };
    const child = spawn(executable, args, { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
    const ended = once(child, "exit");
    try {
      const listening = async () => {
        for await (const line of createInterface({ input: child.stdout })) {
          const entry = JSON.parse(line);
          if (entry.message === "listening") return entry;
        }
      };
      const { tcp, websocket, http } = await within("the start", listening(), 20_000);
      child.stdout.resume();
      const server = testServer({
        tcp: parseAddress(tcp)!,
        ws: parseAddress(new URL(websocket).host)!,
        http: parseAddress(new URL(http).host)!,
      });
      const client = await RawClient.open(server.tcpPort);
      await server.push("room?operation=1000&type=live&room=1000", "compiled");
      const [{ body }] = await client.take(1);
      assert.equal(body.toString(), "compiled");
      const { cluster_comets, comet_connections } = await server.metrics();
      assert.deepEqual([cluster_comets, comet_connections], [2, 1]);
      client.socket.destroy();
      process.kill(child.pid!, "SIGTERM");
      assert.deepEqual(await within("the end", ended, 20_000), [0, null]);
    } finally {
      if (child.exitCode === null) process.kill(child.pid!, "SIGKILL");
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
