import assert from "node:assert/strict";
import { test } from "node:test";
import { Member } from "../support/cluster_clients.ts";
import { until } from "../support/until.ts";
import { type Faults, faultSuite } from "../support/fault_suite.ts";
import { PUSH_OPERATION } from "../support/room_pusher.ts";

/** Clients need about a second to come back, and a comet as long to open. */
const RECOVERY_MS_MAX = 10_000;

/** A further client on a comet, which the traffic's checks leave alone. */
function visitor({ cluster, traffic }: Faults, name: string, home: number): Member {
  return new Member({
    name,
    mid: 7_000 + home,
    room: "visitors://1",
    isWebSocket: false,
    home,
    comets: cluster.clientPorts,
    prng: traffic.prng,
    connections: [],
  });
}

faultSuite("with two logics and three comets", {}, (run) => {
  test(
    "a logic is killed: clients stay, new ones get in, and pushes go on through the other",
    { timeout: 60_000 },
    run(async (faults) => {
      const { cluster, traffic, note } = faults;
      const [logic] = cluster.logics;
      const before = traffic.connections.length;
      const killedMs = performance.now();
      await logic.kill();
      const newcomers = cluster.comets.map((_, home) => visitor(faults, `newcomer-${home}`, home));
      for (const newcomer of newcomers) newcomer.start();
      const recoveredMs = await traffic.recovered(killedMs);
      await until("new clients", () => newcomers.every(({ connection }) => connection));
      const handshakesMs = newcomers.map(({ connection }) => connection!.openMs - killedMs);
      newcomers.forEach(({ comet }, home) => assert.equal(comet, home, "the first try went well"));
      await cluster.call(1, "POST", `push/mids?operation=${PUSH_OPERATION}&mids=7002`, "hello");
      await until("a push by mid", () => newcomers[2].received.includes("hello"));
      await logic.start();
      const restartedMs = performance.now();
      await until("pushes through the logic that came back", async () => {
        return (await logic.metrics()).logic_pushes_accepted_total > 0;
      });
      await traffic.recovered(restartedMs);
      await Promise.all(newcomers.map((newcomer) => newcomer.stop()));
      assert.equal(traffic.connections.length, before, "all connections stayed");
      assert.ok(traffic.connections.every(({ closedMs }) => closedMs === undefined));
      note(
        `recovered ${recoveredMs} ms after SIGKILL of a logic; ` +
          `new clients were in after ${Math.round(Math.max(...handshakesMs))} ms`,
      );
      assert.ok(recoveredMs < RECOVERY_MS_MAX);
    }),
  );

  test(
    "a comet is killed and comes back under its id: its clients return, its old sessions are dead",
    { timeout: 60_000 },
    run(async (faults) => {
      const { cluster, traffic, note } = faults;
      const [comet] = cluster.comets;
      const visit = visitor(faults, "visitor", 0);
      visit.start();
      await until("the visitor", () => visit.connection !== undefined);
      const push = (key: string, body: string) =>
        cluster.call(1, "POST", `push/keys?operation=${PUSH_OPERATION}&keys=${key}`, body);
      await push("visitor", "first");
      await until("the first push by key", () => visit.received.includes("first"));

      const lost = traffic.on(0);
      assert.ok(lost.length > 0);
      const killedMs = performance.now();
      await comet.kill();
      const recoveredMs = await traffic.recovered(killedMs);
      await until(
        "the clients of the dead comet",
        () => lost.every(({ connection }) => connection),
      );
      assert.deepEqual(traffic.on(0), []);
      const backMs = Math.max(...lost.map(({ connection }) => connection!.openMs)) - killedMs;
      await comet.start();

      await until("the visitor to be back", () => visit.connection !== undefined);
      await push("visitor", "second");
      await until("the second push by key", () => visit.received.includes("second"));
      await visit.stop();
      // The key's only session now is that on the comet's run that was killed.
      const stranger = visitor(faults, "stranger", 0);
      stranger.start();
      await until("the stranger", () => stranger.connection !== undefined);
      await push("visitor", "third");
      const mids = `push/mids?operation=${PUSH_OPERATION}&mids=${lost[0].mid}`;
      await cluster.call(1, "POST", mids, "by mid");
      await until("a push by mid", () => lost[0].received.length > 0);
      await push("stranger", "last");
      await until("the last push", () => stranger.received.includes("last"));
      assert.deepEqual(stranger.received, ["last"]);
      assert.deepEqual(visit.received, ["first", "second"]);
      assert.deepEqual(lost[0].received, ["by mid"]);
      await stranger.stop();

      for (const member of lost) member.move(0);
      await until("the clients to be home", () => traffic.on(0).length === lost.length);
      await traffic.recovered(performance.now());
      const held = await Promise.all(cluster.comets.map((one) => one.metrics()));
      assert.equal(held[0].comet_connections, lost.length);
      await until("the counts of who is online", async () => {
        const total = await cluster.call(1, "GET", "online/total") as { conn_count: number };
        return total.conn_count === traffic.members.length;
      });
      note(
        `recovered ${recoveredMs} ms after SIGKILL of a comet; ` +
          `its ${lost.length} clients were back after ${Math.round(backMs)} ms`,
      );
      assert.ok(recoveredMs < RECOVERY_MS_MAX);
    }),
  );
});
