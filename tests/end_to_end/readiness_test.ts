import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../drivers/contract/waiting.ts";
import { RawClient } from "../support/raw_client.ts";
import { freePort } from "../support/free_port.ts";
import { redisCli, RedisServer } from "../support/redis_server.ts";
import { addRestrictedUser } from "../support/restricted_user.ts";
import { RoleProcess } from "../support/role_process.ts";

const ANY = "127.0.0.1:0";

/** What `/readyz` says: the status and the text. */
async function readiness(url: string): Promise<string> {
  const response = await fetch(`${url}/readyz`);
  return `${response.status} ${(await response.text()).trim()}`;
}

test(
  "/readyz says what is in the way of each role; clients stay and come to a full Redis",
  { timeout: 90_000 },
  async () => {
    const redis = await RedisServer.start();
    const store = { redis: await addRestrictedUser(redis) };
    const [ofJob, ofComet] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const logic = new RoleProcess({
      command: "logic",
      name: "logic-1",
      flags: { ...store, http: ANY, rpc: ANY },
      upMessage: "listening",
    });
    const job = new RoleProcess({
      command: "job",
      name: "job-1",
      flags: { ...store, metrics: ofJob },
      upMessage: "reads the push log",
    });
    const roles = [logic, job];
    try {
      await Promise.all(roles.map((role) => role.start()));
      const comet = new RoleProcess({
        command: "comet",
        name: "comet-1",
        flags: { logic: logic.addresses.rpc, tcp: ANY, ws: ANY, rpc: ANY, metrics: ofComet },
        upMessage: "listening",
      });
      roles.push(comet);
      await comet.start();

      const api = logic.addresses.http;
      const say = (role: string, url: string, wanted: RegExp) =>
        until(`${role} to say ${wanted}`, async () => wanted.test(await readiness(url)));
      const ofLogic = (wanted: RegExp) => say("logic", api, wanted);
      const config = (name: string, value: string) =>
        redisCli(redis.port, "CONFIG", "SET", name, value);
      const push = async (text: string) => {
        const query = "operation=1000&type=live&room=1000";
        const url = `${api}/goim/push/room?${query}`;
        return (await (await fetch(url, { method: "POST", body: text })).json()).code;
      };
      const connect = () => RawClient.open(Number(comet.addresses.tcp.split(":")[1]));
      const hears = async (client: RawClient, text: string) => {
        const [{ op, body }] = await client.take(1);
        assert.deepEqual([op, body.toString()], [1000, text]);
      };

      for (const url of [api, `http://${ofJob}`, `http://${ofComet}`]) {
        await say("each", url, /^200/);
      }
      const early = await connect();
      assert.equal(await push("first"), 0);
      await hears(early, "first");

      await config("maxmemory", "1");
      await ofLogic(/^503 .*not ready: Redis is full/);
      for (const url of [ofJob, ofComet]) assert.match(await readiness(`http://${url}`), /^200/);
      assert.equal(await push("refused"), -500);
      const late = await connect();
      await config("maxmemory", "0");
      await ofLogic(/^200/);
      assert.equal(await push("second"), 0);
      for (const client of [early, late]) await hears(client, "second");

      await redisCli(redis.port, "ACL", "SETUSER", "halley", "-xadd");
      await ofLogic(/^503 .*not ready: the user of Redis may not use xadd/);
      await redisCli(redis.port, "ACL", "SETUSER", "halley", "+xadd");
      await redis.signal("SIGKILL");
      await ofLogic(/^503 .*not ready: Redis is away/);
      await say("the job", `http://${ofJob}`, /^503 .*"not ready: Redis is away"}$/);
      await say("the comet", `http://${ofComet}`, /^503 .*"not ready: logic cannot take reports/);
      await logic.kill();
      await say("the comet", `http://${ofComet}`, /^503 .*"not ready: no logic is connected"}$/);
      for (const client of [early, late]) {
        assert.equal(client.socket.closed, false);
        client.socket.destroy();
      }
    } finally {
      for (const role of roles) await role.kill();
      await redis.stop();
    }
  },
);
