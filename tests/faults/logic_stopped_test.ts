import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../../drivers/contract/waiting.ts";
import { Cluster } from "../support/cluster.ts";
import { RawClient, token } from "../support/raw_client.ts";
import { redisCli } from "../support/redis_server.ts";

const CLIENTS = 6;
const GHOSTS = 4;

/** Longer than a comet waits for a logic that gives no sign of life, in milliseconds. */
const AUTH_MS = 20_000;

test("a logic that stood still does not let in clients that another has let in since", {
  timeout: 60_000,
}, async () => {
  const cluster = await Cluster.start({ logics: 2, comets: 1, jobs: 1 });
  const [stopped, other] = cluster.logics;
  const [{ tcp }] = cluster.clientPorts;
  const enter = async (fields: Record<string, unknown>) => {
    const client = await RawClient.connect(tcp);
    client.send(7, 1, token(fields));
    return client;
  };
  try {
    stopped.signal("SIGSTOP");
    const clients: RawClient[] = [];
    for (let mid = 100; mid < 100 + CLIENTS; mid++) clients.push(await enter({ mid, key: "" }));
    const ghosts: RawClient[] = [];
    for (let at = 0; at < GHOSTS; at++) ghosts.push(await enter({ mid: 0, key: `ghost-${at}` }));
    for (const client of [...clients, ...ghosts]) {
      assert.equal((await client.next(AUTH_MS)).op, 8);
    }
    for (const ghost of ghosts) ghost.close();
    const rowsOfGhosts = () =>
      redisCli(cluster.redis.port, "--scan", "--pattern", "halley:{s*}:key:ghost-*");
    await until("the sessions of those who left are gone", async () => await rowsOfGhosts() === "");
    stopped.signal("SIGCONT");
    await until("the stopped logic is back", async () => {
      const { logic_comets } = await stopped.metrics();
      return logic_comets === 1;
    });
    for (const [at, client] of clients.entries()) {
      const path = `/goim/push/mids?operation=1000&mids=${100 + at}`;
      const url = other.addresses.http + path;
      const answer = await (await fetch(url, { method: "POST", body: `to ${at}` })).json();
      assert.equal(answer.code, 0);
      assert.equal((await client.next()).body.toString(), `to ${at}`);
      client.close();
    }
    assert.equal(await rowsOfGhosts(), "");
  } finally {
    stopped.signal("SIGCONT");
    await cluster.stop();
  }
});
