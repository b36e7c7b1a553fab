/** The client on Node, where none of our tests run, through what it has to recover from. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build, stop } from "esbuild";
import { seededPrng } from "../../base/prng.ts";
import { findNode } from "../runner/runtimes.ts";
import { TALKED_ROOMS } from "../support/audience.ts";
import { urlOf } from "../support/client_events.ts";
import { until } from "../support/until.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { withServerProcess } from "../support/kept_server.ts";

const program = fileURLToPath(new URL("../support/audience_program.ts", import.meta.url));

/** What the program says last. */
interface Verdict {
  readonly accepted: number;
  readonly reconnects: number;
  readonly gaps: readonly unknown[];
}

test(
  "clients on Node hear everything through cuts and a server that is killed",
  { timeout: 60_000 },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), "halley-node-"));
    const outfile = join(folder, "audience.mjs");
    const options = { outfile, bundle: true, format: "esm", platform: "node" } as const;
    await build({ entryPoints: [program], ...options });
    await stop();
    const node = await findNode();
    await withServerProcess({ config: TALKED_ROOMS, hasData: true }, async (server) => {
      const port = Number(new URL(server.addresses.websocket).port);
      const proxy = await CuttingProxy.start(port, seededPrng(14));
      const url = urlOf(Number(proxy.address.split(":")[1]));
      const child = spawn(node, [outfile, url], { stdio: ["pipe", "pipe", "inherit"] });
      const exited = once(child, "exit");
      try {
        let said: Partial<Verdict> = {};
        createInterface({ input: child.stdout }).on("line", (line) => said = JSON.parse(line));
        const accepts = async (count: number) => {
          const wanted = (said.accepted ?? 0) + count;
          await until(`${count} messages`, () => (said.accepted ?? 0) >= wanted, 30_000);
        };
        await accepts(10);
        for (let time = 0; time < 3; time++) {
          proxy.cut(4_000);
          await accepts(10);
        }
        proxy.heal();
        await server.kill();
        await server.start();
        await accepts(10);
        child.stdin.end();
        assert.deepEqual(await exited, [0, null]);
        const { accepted = 0, reconnects = 0, gaps } = said;
        assert.ok(accepted >= 50 && reconnects >= 20, `${accepted} ${reconnects} ${proxy.cuts}`);
        assert.deepEqual(gaps, []);
      } finally {
        child.kill("SIGKILL");
        await proxy.stop();
      }
    });
    await rm(folder, { recursive: true });
  },
);
