import assert from "node:assert/strict";
import { describeBeside } from "../support/beside.ts";
import { RawClient } from "../support/raw_client.ts";
import { freePort } from "../support/free_port.ts";
import { RedisServer } from "../support/redis_server.ts";
import { RoleProcess } from "../support/role_process.ts";

const ANY = "127.0.0.1:0";
const limits = { timeout: 60_000 };

const cases: Readonly<Record<string, () => Promise<void>>> = {
  async "start in any order: each says what it waits for, and goes on"() {
    const redis = await RedisServer.start();
    await redis.signal("SIGKILL");
    const rpc = `127.0.0.1:${await freePort()}`;
    const store = { redis: redis.url };
    const comet = new RoleProcess({
      command: "comet",
      name: "comet-1",
      flags: { logic: rpc, tcp: ANY, ws: ANY, rpc: ANY },
      upMessage: "listening",
    });
    const job = new RoleProcess({
      command: "job",
      name: "job-1",
      flags: store,
      upMessage: "reads the push log",
    });
    const logic = new RoleProcess({
      command: "logic",
      name: "logic-1",
      flags: { ...store, http: ANY, rpc },
      upMessage: "listening",
    });
    const roles = [comet, job, logic];
    try {
      const up = roles.map((role) => role.start());
      await comet.logged(({ message }) => message.startsWith("waits for logic"));
      await job.logged(({ message }) => message.startsWith("waits for its store"));
      await logic.logged(({ message }) => message.startsWith("waits for its store"));
      assert.ok(roles.every(({ upMs }) => upMs === undefined));
      await redis.restart();
      await Promise.all(up);
      const client = await RawClient.open(Number(comet.addresses.tcp.split(":")[1]));
      const query = "operation=1000&type=live&room=1000";
      const url = `${logic.addresses.http}/goim/push/room?${query}`;
      const answer = await (await fetch(url, { method: "POST", body: "here" })).json();
      assert.equal(answer.code, 0);
      const [{ op, body }] = await client.take(1);
      assert.deepEqual([op, body.toString()], [1000, "here"]);
      client.socket.destroy();
      for (const role of roles) assert.equal(await role.stop(), "0", role.tail());
    } finally {
      for (const role of roles) await role.kill();
      await redis.stop();
    }
  },

  async "end with one line when waiting cannot help"() {
    const redis = await RedisServer.start({ args: ["--requirepass", "right"] });
    try {
      const cases: [string, Record<string, string>, RegExp][] = [
        ["job", { redis: redis.url.replace("//", "//:wrong@") }, /^halley: .*WRONGPASS/],
        ["job", { redis: "nonsense://" }, /^halley: --redis: must be a URL/],
        ["logic", {}, /^halley: redis must be set/],
        ["comet", {}, /^halley: logic must name at least one logic/],
        ["comet", { logic: "10.0.0.1:1", rpc: "0.0.0.0:3109" }, /set cluster-secret/],
      ];
      for (const [command, flags, complaint] of cases) {
        const role = new RoleProcess({ command, name: "x", flags, upMessage: "never" });
        await assert.rejects(role.start());
        await role.logged(({ level }) => level === "STDERR");
        const said = role.lines.filter(({ level }) => level === "STDERR");
        assert.equal(said.length, 1, role.tail());
        assert.match(said[0].message, complaint);
        assert.doesNotMatch(said[0].message, /wrong@/);
      }
    } finally {
      await redis.stop();
    }
  },

  async "let a comet stop that finds another under its name"() {
    const redis = await RedisServer.start();
    const logic = new RoleProcess({
      command: "logic",
      name: "logic-1",
      flags: { redis: redis.url, http: ANY, rpc: ANY },
      upMessage: "listening",
    });
    const comets: RoleProcess[] = [];
    try {
      await logic.start();
      for (let run = 0; run < 2; run++) {
        const flags = { logic: logic.addresses.rpc, tcp: ANY, ws: ANY, rpc: ANY };
        const options = { command: "comet", name: "same", flags, upMessage: "listening" };
        comets.push(new RoleProcess(options));
        await comets[run].start();
      }
      assert.equal(await comets[0].ended, "1");
      const complaint = 'another comet has registered as "same"; two need different ids';
      assert.ok(comets[0].lines.some(({ message }) => message === `halley: ${complaint}`));
      assert.equal(await comets[1].stop(), "0");
    } finally {
      for (const role of [...comets, logic]) await role.kill();
      await redis.stop();
    }
  },
};

describeBeside("roles in processes of their own", limits, cases, (run) => run());
