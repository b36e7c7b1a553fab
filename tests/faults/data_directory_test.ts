import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { scriptArgs } from "../../platform/select.ts";
import { until } from "../support/cluster_clients.ts";
import { withDirectory } from "../support/data_directory.ts";
import { ANY_PORT, fromSources, type Program, RoleProcess } from "../support/role_process.ts";

const ROOMS = '[[rooms]]\ntype = "live"\nhistory-size = 100000\n';

/** Runs Halley with a disk of 2 MB at a directory, half of which is taken. */
function onSmallDisk(directory: string): Program {
  const script =
    'mount -t tmpfs -o size=2m tmpfs "$0" && head -c 1000000 /dev/zero > "$0/ballast" ' +
    '&& exec "$@"';
  const own = ["unshare", "-rm", "sh", "-c", script, directory] as const;
  return { ...fromSources, command: [...own, process.execPath, ...scriptArgs, "mod.ts"] };
}

/** A server that keeps its history in a directory. */
async function serverOn(directory: string, data: string, program?: Program): Promise<RoleProcess> {
  const config = join(directory, "halley.toml");
  await writeFile(config, ROOMS);
  const flags = { config, data, tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT };
  const name = "server";
  return new RoleProcess({ command: "start", name, flags, upMessage: "listening", program });
}

async function push(server: RoleProcess, body: string): Promise<{ code: number }> {
  const url = `${server.addresses.http}/goim/push/room?operation=1000&type=live&room=1`;
  return await (await fetch(url, { method: "POST", body })).json();
}

async function lastOffset(server: RoleProcess): Promise<number> {
  const url = `${server.addresses.http}/goim/history/room?type=live&room=1&last=1`;
  const { data } = await (await fetch(url)).json() as { data: { last: number } };
  return data.last;
}

test("A full disk: pushes are refused, nothing answered is lost, and it goes on", {
  timeout: 60_000,
}, async () => {
  await withDirectory(async (directory) => {
    const disk = join(directory, "disk");
    await mkdir(disk);
    const server = await serverOn(directory, join(disk, "data"), onSmallDisk(disk));
    try {
      await server.start();
      const ready = () => fetch(`${server.addresses.http}/readyz`);
      assert.equal((await ready()).status, 200);
      const body = "x".repeat(4_000);
      let stored = 0;
      while ((await push(server, body)).code === 0) stored++;
      assert.ok(stored > 10, `${stored}`);
      for (const _ of "123") assert.equal((await push(server, body)).code, -500);
      await until("it says so", async () => (await ready()).status === 503);
      assert.match(await (await ready()).text(), /the data directory has no room/);
      assert.equal(await lastOffset(server), stored);
      const said = server.lines.filter(({ level }) => level === "ERROR");
      assert.deepEqual(said.map(({ logger }) => logger), ["halley.sqlite"], server.tail());

      await rm(`/proc/${server.pid}/root${disk}/ballast`);
      await until("it is ready again", async () => (await ready()).status === 200);
      assert.equal((await push(server, body)).code, 0);
      assert.equal(await lastOffset(server), stored + 1);
      assert.equal(await server.stop(), "0");
    } finally {
      await server.kill();
    }
  });
});

test(
  "A second server on a directory says so and ends; the first goes on, and after a kill the next",
  {
    timeout: 60_000,
  },
  async () => {
    await withDirectory(async (directory) => {
      const data = join(directory, "data");
      const [first, second] = [await serverOn(directory, data), await serverOn(directory, data)];
      try {
        await first.start();
        assert.equal((await push(first, "a")).code, 0);
        await assert.rejects(second.start(), /ended with 1 /);
        assert.match(second.tail(), /Cannot open data directory .*: another process uses it/);
        assert.equal((await push(first, "b")).code, 0);
        await first.kill();
        await second.start();
        assert.equal(await lastOffset(second), 2);
        assert.equal(await second.stop(), "0");
      } finally {
        await first.kill();
        await second.kill();
      }
    });
  },
);
