import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { scriptArgs } from "../../platform/select.ts";
import { until } from "../support/until.ts";
import { withDirectory } from "../support/data_directory.ts";
import { RawClient } from "../support/raw_client.ts";
import { ANY_PORT, fromSources, type Program, RoleProcess } from "../support/role_process.ts";

const ROOMS = '[[rooms]]\ntype = "live"\nhistory-size = 100000\nupstream = "publish"\n';

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

/** Mutes the mid 7, or ends that, and gives the answer. */
async function mute(server: RoleProcess, call = "mute", room = "live://1") {
  const body = JSON.stringify({ mid: "7", room, for_ms: call === "mute" ? 3_600_000 : undefined });
  const response = await fetch(`${server.addresses.http}/v1/${call}`, { method: "POST", body });
  return await response.json() as { code: number; message: string };
}

/** What a client of the mid 7 is answered that publishes into a room. */
async function publish(server: RoleProcess, room: string) {
  const { port } = new URL(`tcp://${server.addresses.tcp}`);
  const client = await RawClient.open(Number(port), { mid: 7, room_id: room, features: ["rooms"] });
  client.send(70, 2, JSON.stringify({ room, body: "hello" }));
  let frame = await client.next();
  while (frame.op !== 71) frame = await client.next();
  client.socket.destroy();
  return JSON.parse(frame.body.toString()) as { code: number; message: string; offset?: number };
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

      // What is smaller than a push may still find room.
      const refused = { code: -500, message: "store takes no writes, try again" };
      const place = `live://${"x".repeat(100)}`;
      let muted = 0;
      while ((await mute(server, "mute", place + muted)).code === 0) muted++;
      assert.deepEqual(await mute(server, "mute", place + muted), refused);
      if (muted > 0) assert.equal((await publish(server, `${place}0`)).code, -403);

      await rm(`/proc/${server.pid}/root${disk}/ballast`);
      await until("it is ready again", async () => (await ready()).status === 200);
      assert.equal((await push(server, body)).code, 0);
      assert.equal(await lastOffset(server), stored + 1);
      assert.equal((await publish(server, "live://1")).offset, stored + 2);
      assert.equal((await mute(server)).code, 0);
      assert.equal((await publish(server, "live://1")).code, -403);
      assert.equal(await server.stop(), "0");
    } finally {
      await server.kill();
    }
  });
});

test(
  "A second server on a directory ends; the first goes on, and after a kill the next, with its mutes",
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
        for (const room of ["live://1", "live://2"]) {
          assert.equal((await mute(first, "mute", room)).code, 0);
        }
        assert.equal((await mute(first, "unmute", "live://2")).code, 0);
        await first.kill();
        await second.start();
        assert.equal(await lastOffset(second), 2);
        assert.equal((await publish(second, "live://1")).code, -403);
        assert.equal((await publish(second, "live://2")).code, 0);
        assert.equal(await second.stop(), "0");
      } finally {
        await first.kill();
        await second.kill();
      }
    });
  },
);
