import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { restrictedPushLog } from "../../tests/support/push_log_subjects.ts";
import { redisCli, RedisServer } from "../../tests/support/redis_server.ts";
import { restrictedModeration } from "../../tests/support/moderation_subjects.ts";
import { restrictedRegistry } from "../../tests/support/registry_subjects.ts";
import { addRestrictedUser, documentedRules } from "../../tests/support/restricted_user.ts";
import { testModeration } from "../contract/moderation_suite.ts";
import { testPushLog } from "../contract/push_log_suite.ts";
import { registryContract } from "../contract/registry_suite.ts";
import { until } from "../contract/waiting.ts";
import { type Drivers, openDrivers } from "../open.ts";
import { StoreRefused, StoreUnavailable } from "../ports.ts";
import { checkStore } from "./open.ts";
import { openRedisStore } from "./tcp_store.ts";

testPushLog(restrictedPushLog);
registryContract(restrictedRegistry);
testModeration(restrictedModeration);

const parts = { clock: systemClock, prng: seededPrng(1) };

describe("A user of Redis with the rights of docs/operations.md", () => {
  let server: RedisServer;

  before(async () => {
    server = await RedisServer.start();
  });
  after(async () => {
    await server.stop();
  });

  const redis = (...args: string[]) => redisCli(server.port, ...args);
  const open = (url: string): Promise<Drivers> =>
    openDrivers(url, { ...parts, running: systemClock, partitions: 2, partitionBytesMax: 1 << 20 });

  it("needs each of them, and is told which is missing", async () => {
    const commands = (await documentedRules()).filter((rule) => rule.startsWith("+"));
    assert.ok(commands.length > 30);
    for (const rule of commands) {
      if (rule === "+ping") continue;
      const rules = (await documentedRules()).filter((other) => other !== rule);
      const url = await addRestrictedUser(server);
      await redis("ACL", "SETUSER", "halley", "-@all", ...rules);
      await redis("SCRIPT", "FLUSH");
      const name = rule.slice(1);
      const complaint = ["eval", "evalsha"].includes(name)
        ? `Cannot run script "check-store": NOPERM .*'${name}'`
        : `Cannot use Redis: the user of Redis may not use ${name.replace("|", "\\|")}$`;
      await assert.rejects(open(url), (error: Error) => {
        assert.ok(!(error instanceof StoreUnavailable));
        assert.match(error.message, new RegExp(`^${complaint}`));
        return true;
      });
    }
    await (await open(await addRestrictedUser(server))).close();
  });

  it("needs to ping, since an idle connection is tried", async () => {
    const drivers = await open(await addRestrictedUser(server, "-ping"));
    await until("a ping", () => Promise.resolve(drivers.stores[0].counters.interruptions > 0));
    await drivers.close();
  });

  it("opens a database of its own with SELECT besides", async () => {
    await (await open(`${await addRestrictedUser(server, "+select")}/3`)).close();
  });

  it("leaves nothing behind when it is checked", async () => {
    const store = await openRedisStore(await addRestrictedUser(server), parts);
    await redis("FLUSHALL");
    assert.equal(await checkStore(store), undefined);
    assert.equal(await redis("DBSIZE"), "0");
    await store.close();
  });

  it("hears what is in the way, in words without secrets", async () => {
    const drivers = await open(await addRestrictedUser(server));
    const problem = async () => {
      const found = await drivers.problem();
      return found && [found.kind, found.reason];
    };
    const set = (name: string, value: string) => redis("CONFIG", "SET", name, value);
    await set("maxmemory", "1");
    assert.deepEqual(await problem(), ["full", "Redis is full"]);
    await set("maxmemory", "0");
    await set("min-replicas-to-write", "1");
    assert.deepEqual(await problem(), ["unwritable", "Redis takes no writes (NOREPLICAS)"]);
    const body = new Uint8Array();
    const append = () =>
      drivers.pushLog.append(0, { kind: "broadcast", speed: 0, operation: 1, body });
    await assert.rejects(append(), StoreRefused);
    assert.equal(drivers.stores[0].counters.interruptions, 1);
    await set("min-replicas-to-write", "0");
    await redis("ACL", "SETUSER", "halley", "-xadd", "-time");
    const reason = "the user of Redis may not use time, xadd";
    assert.deepEqual(await problem(), ["forbidden", reason]);
    await redis("ACL", "SETUSER", "halley", "+xadd", "+time");
    assert.equal(await problem(), undefined);
    await redis("ACL", "SETUSER", "halley", "-evalsha");
    assert.deepEqual(await problem(), ["forbidden", "Redis refuses the user, or scripts"]);
    await redis("ACL", "SETUSER", "halley", "+evalsha");
    await append();
    await server.signal("SIGKILL");
    assert.deepEqual(await problem(), ["away", "Redis is away"]);
    await drivers.close();
  });
});
