import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { connect } from "../../client/mod.ts";
import { parseAddress } from "../../options/address.ts";
import { findRuntime } from "../runner/runtimes.ts";
import { Cluster } from "../support/cluster.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { testServer } from "../support/server.ts";
import { SECRET } from "../support/tokens.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);
const slowly = { timeout: 60_000 };

/** The program in one file, and a folder with nothing in it; there is no runtime on its PATH. */
let executable = "";
let cwd = "";

/** Publishes into a room of the demo, which keeps it as the first message. */
async function publish(wsPort: number): Promise<void> {
  const client = connect(`ws://127.0.0.1:${wsPort}/sub`, { token: { mid: 1 } });
  try {
    assert.equal((await client.join("demo://compiled").publish("hello")).offset, 1);
  } finally {
    client.close();
  }
}

/** Compiles the program as the task `compile` does. */
async function compile(outfile: string): Promise<void> {
  const { path } = await findRuntime("bun");
  await run(path, ["build", "--compile", "mod.ts", "--outfile", outfile], { cwd: root });
}

describe("the executable, with no runtime and nothing around it", () => {
  let folder = "";

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "halley-executable-"));
    executable = join(folder, "halley");
    cwd = join(folder, "empty");
    await mkdir(cwd);
    await compile(executable);
  }, slowly);

  after(() => rm(folder, { recursive: true }));

  it("makes a token, and explains it", slowly, async () => {
    const env = { PATH: cwd, HALLEY_JWT_SECRET: SECRET };
    const { stdout: token } = await run(executable, ["token", "--mid", "7"], { cwd, env });
    const { stdout } = await run(executable, ["check-token", token.trim()], { cwd, env });
    assert.match(stdout, /let in as mid 7, into no room\n$/);
  });

  it("runs a server and its workers", slowly, async () => {
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
      for (const path of ["/client.js", "/client.js.map", "/client.d.ts", "/demo", "/demo.js"]) {
        const answer = await fetch(server.httpUrl + path);
        assert.equal(answer.status, 200, path);
        assert.notEqual(await answer.text(), "", path);
      }
      await publish(server.wsPort);
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
  });

  it("runs each role of a cluster", slowly, async () => {
    const program = { command: [executable], cwd, env: { PATH: cwd } } as const;
    const config = '[listen]\ndemo = "on"\n';
    const cluster = await Cluster.start({ logics: 1, comets: 1, jobs: 1, program, config });
    try {
      await publish(cluster.clientPorts[0].ws);
      const client = await RawClient.open(cluster.clientPorts[0].tcp);
      await cluster.call(0, "POST", "push/room?operation=1000&type=live&room=1000", "compiled");
      const [{ body }] = await client.take(1);
      assert.equal(body.toString(), "compiled");
      client.socket.destroy();
      for (const role of [...cluster.comets, ...cluster.jobs, ...cluster.logics]) {
        assert.equal(await role.stop(), "0", role.tail());
      }
    } finally {
      await cluster.stop();
    }
  });

  it("runs the simulator, its clients and its server", slowly, async () => {
    const args = "sim --clients 40 --rooms 2 --workers 2 --duration 1s --json".split(" ");
    const { stdout } = await run(executable, args, { cwd, env: { PATH: cwd } });
    const { clients, expected, received, ok } = JSON.parse(stdout);
    assert.deepEqual([clients, received, ok], [40, expected, true]);
    assert.ok(expected > 0);
  });
});
