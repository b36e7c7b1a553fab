import assert from "node:assert/strict";
import { test } from "node:test";
import { loadSources } from "../architecture/source.ts";
import { isTest } from "../architecture/rules.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { RedisServer } from "../support/redis_server.ts";
import { ANY_PORT, RoleProcess } from "../support/role_process.ts";

/** Every class of counters, with the prefix of its metrics. */
const prefixes: Readonly<Record<string, string>> = {
  CometCounters: "comet",
  LogicCounters: "logic",
  JobCounters: "job",
  StoreCounters: "store",
  AccessCounters: "metrics",
  HttpCounters: "http",
  RpcCounters: "rpc",
  StallCounters: "process",
  LogCounters: "log",
};

/** What each role counts. */
const counted: Readonly<Record<string, readonly string[]>> = {
  start: ["comet", "logic", "job", "http", "process", "log"],
  workers: ["comet", "logic", "job", "http", "rpc", "process", "log"],
  comet: ["comet", "metrics", "http", "rpc", "process", "log"],
  logic: ["logic", "store", "http", "rpc", "process", "log"],
  job: ["job", "store", "metrics", "http", "rpc", "process", "log"],
};

/** The fields of every class of counters, by the prefix of its metrics, as metrics name them. */
async function fieldsByPrefix(): Promise<Map<string, string[]>> {
  const fields = new Map<string, string[]>();
  for (const { path, code } of await loadSources([".ts"])) {
    if (isTest(path)) continue;
    for (const [, name] of code.matchAll(/^export class (\w+Counters)\b/gm)) {
      const prefix = prefixes[name];
      assert.ok(prefix !== undefined, `${name} in ${path} is not in the table of this test`);
      const { [name]: Counters } = await import(`../../${path}`);
      fields.set(
        prefix,
        Object.keys(new Counters()).map((field) =>
          `${prefix}_${field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`
        ),
      );
    }
  }
  assert.deepEqual([...fields.keys()].sort(), Object.values(prefixes).sort());
  fields.get("comet")!.push("comet_pool_overflows_total");
  return fields;
}

test(
  "every counter shows in /metrics of each role that counts it",
  { timeout: 60_000 },
  async () => {
    const redis = await RedisServer.start();
    const role = (command: string, name: string, upMessage: string, more: object) =>
      new RoleProcess({ command, name, upMessage, flags: { ...more } });
    const clients = { tcp: ANY_PORT, ws: ANY_PORT };
    const store = { redis: redis.url };
    const start = role("start", "start", "listening", { ...clients, http: ANY_PORT });
    const workers = role("start", "workers", "listening", {
      ...clients,
      http: ANY_PORT,
      workers: "2",
    });
    const logic = role("logic", "logic", "listening", { ...store, http: ANY_PORT, rpc: ANY_PORT });
    const job = role("job", "job", "reads the push log", { ...store, metrics: ANY_PORT });
    const roles = [start, workers, logic, job];
    let children: number[] = [];
    try {
      const fields = await fieldsByPrefix();
      await Promise.all(roles.map((each) => each.start()));
      children = await childrenOf(workers.pid!);
      const flags = { ...clients, logic: logic.addresses.rpc, rpc: ANY_PORT, metrics: ANY_PORT };
      const comet = role("comet", "comet", "listening", flags);
      roles.push(comet);
      await comet.start();
      for (
        const { name, shown } of await Promise.all(roles.map(async (each) => ({
          name: each.name,
          shown: Object.keys(await each.metrics()),
        })))
      ) {
        for (const prefix of counted[name]) {
          for (const metric of fields.get(prefix)!) {
            assert.ok(shown.includes(metric), `${metric} of ${name}`);
          }
        }
        if (!counted[name].includes("comet")) continue;
        const more = ["connections", "rooms", "pool_bytes", "overflow_bytes"];
        if (name !== "start") {
          more.push("disconnects_queued", "disconnects_dropped_total");
        }
        for (const metric of more) {
          assert.ok(shown.includes(`comet_${metric}`), `comet_${metric} of ${name}`);
        }
      }
    } finally {
      for (const each of roles) await each.kill();
      for (const pid of children) if (await isRunning(pid)) process.kill(pid, "SIGKILL");
      await redis.stop();
    }
  },
);
