import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EMPTY } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { PopulationSetup as Setup } from "../../tests/support/population_setup.ts";

describe("Population.connect()", () => {
  it("opens clients at the ramp's pace, each in its room and with its key", async () => {
    const setup = await Setup.with(5, { first: 10, rampPerS: 10, rooms: 3 });
    const seen = setup.server.clients.map(({ key, mid, room, enteredMs }) => [
      ...[key, mid, room],
      Math.round(enteredMs / 100) * 100,
    ]);
    assert.deepEqual(seen, [
      ["sim-10", 11, "sim://1", 1_000],
      ["sim-11", 12, "sim://2", 1_100],
      ["sim-12", 13, "sim://0", 1_200],
      ["sim-13", 14, "sim://1", 1_300],
      ["sim-14", 15, "sim://2", 1_400],
    ]);
    const {
      connectedCount: connected,
      authenticatedCount: authenticated,
      counts: { lostConnections },
    } = setup.population;
    assert.deepEqual([connected, authenticated, lostConnections], [5, 5, 0]);
    await setup.end();
  });

  it("adds to those that are there", async () => {
    const setup = await Setup.with(2);
    await setup.settle(setup.population.connect(setup.plan({ first: 2, clients: 3 })));
    assert.equal(setup.population.authenticatedCount, 5);
    assert.deepEqual(setup.server.clients.map(({ mid }) => mid), [1, 2, 3, 4, 5]);
    await setup.end();
  });

  it("tries again when the server does not let a client in", async () => {
    const setup = new Setup();
    await setup.server.listen(setup.streams);
    let tries = 0;
    setup.server.letsIn = () => ++tries > 3;
    await setup.settle(setup.population.connect(setup.plan({})));
    assert.deepEqual([tries, setup.population.authenticatedCount], [4, 1]);
    assert.equal(setup.population.counts.lostConnections, 0);
    await setup.end();
  });

  it("gives a client up that is not let in five times", async () => {
    const setup = new Setup();
    await setup.server.listen(setup.streams);
    let tries = 0;
    setup.server.letsIn = () => ++tries > 5;
    await setup.settle(setup.population.connect(setup.plan({})));
    assert.deepEqual([tries, setup.population.connectedCount, setup.server.open], [5, 0, 0]);
    await setup.end();
  });

  it("comes back when the server says so that turns it away, which is no try", async () => {
    const setup = new Setup();
    await setup.server.listen(setup.streams);
    const triesMs: number[] = [];
    setup.server.refusal = { code: 4012, reason: "busy", reconnect: true, retry_ms: 3_000 };
    setup.server.letsIn = () => triesMs.push(setup.clock.monotonicMs()) > 7;
    await setup.settle(setup.population.connect(setup.plan({})));
    const { counts, authenticatedCount, failures } = setup.population;
    assert.deepEqual([authenticatedCount, counts.turnedAway, counts.retries], [1, 7, 0]);
    assert.deepEqual([counts.lostConnections, failures], [0, []]);
    const waits = triesMs.slice(1).map((ms, at) => Math.round((ms - triesMs[at]) / 1_000));
    assert.deepEqual(waits, new Array(7).fill(3));
    await setup.end();
  });

  it("says where nobody listens", async () => {
    const setup = new Setup();
    const targets = ["tcp://127.0.0.1:9"];
    await setup.settle(setup.population.connect(setup.plan({ clients: 2, targets })));
    assert.deepEqual([setup.population.connectedCount, setup.population.authenticatedCount], [
      0,
      0,
    ]);
    assert.match(setup.population.failures[0], /^client 0: .*127\.0\.0\.1:9/);
    await setup.end();
  });
});

describe("the heartbeats of Population", () => {
  it("come once a period of each client, spread over it, and are answered", async () => {
    const setup = await Setup.with(20);
    await setup.advance(5_050);
    const { counts } = setup.population;
    assert.ok(
      counts.heartbeatsSent >= 95 && counts.heartbeatsSent <= 105,
      `${counts.heartbeatsSent}`,
    );
    assert.equal(counts.heartbeatsMissed, 0);
    for (const { beatsMs } of setup.server.clients) {
      for (let at = 1; at < beatsMs.length; at++) {
        const spanMs = beatsMs[at] - beatsMs[at - 1];
        assert.ok(spanMs >= 1_000 && spanMs <= 1_100, `${spanMs} ms`);
      }
    }
    const firstMs = new Set(setup.server.clients.map(({ beatsMs }) => beatsMs[0]));
    assert.ok(firstMs.size >= 8, `they beat at ${[...firstMs]}`);
    await setup.end();
  });

  it("are missed when no answer comes within a period", async () => {
    const setup = await Setup.with(2);
    setup.server.answersBeats = false;
    await setup.advance(2_000);
    setup.server.answersBeats = true;
    await setup.advance(1_100);
    const { counts, failures } = setup.population;
    const beats = setup.server.clients.reduce((sum, { beatsMs }) => sum + beatsMs.length, 0);
    assert.ok(
      counts.heartbeatsMissed >= 2 && counts.heartbeatsMissed < beats,
      `${counts.heartbeatsMissed}`,
    );
    assert.match(failures[0], /^client [01] got no answer to its heartbeat in time$/);
    await setup.end();
  });

  it("are missed one by one, though the next is answered", async () => {
    const setup = await Setup.with(1);
    const [client] = setup.server.clients;
    setup.server.answersBeats = false;
    while (client.beatsMs.length === 0) await setup.advance(10);
    setup.server.answersBeats = true;
    await setup.advance(3_000);
    assert.equal(setup.population.counts.heartbeatsMissed, 1);
    await setup.end();
  });

  it("are not missed when the answer comes late but within a period", async () => {
    const setup = await Setup.with(1);
    const [client] = setup.server.clients;
    setup.server.answersBeats = false;
    while (client.beatsMs.length === 0) await setup.advance(10);
    await setup.advance(800);
    client.send(Operation.HeartbeatReply, EMPTY, 1);
    setup.server.answersBeats = true;
    await setup.advance(3_000);
    assert.equal(setup.population.counts.heartbeatsMissed, 0);
    await setup.end();
  });

  it("are missed one by one when each answer comes after the next beat", async () => {
    const setup = await Setup.with(1);
    const [client] = setup.server.clients;
    setup.server.answersBeats = false;
    while (client.beatsMs.length === 0) await setup.advance(10);
    for (let beat = 1; beat <= 3; client.send(Operation.HeartbeatReply, EMPTY, beat++)) {
      while (client.beatsMs.length === beat) await setup.advance(10);
    }
    assert.equal(setup.population.counts.heartbeatsMissed, 3);
    await setup.end();
  });

  it("are missed after 10 s, however long the period", async () => {
    const setup = await Setup.with(1, { heartbeatMs: 60_000 });
    setup.server.answersBeats = false;
    const [client] = setup.server.clients;
    while (client.beatsMs.length === 0) await setup.advance(100);
    await setup.advance(9_900);
    assert.equal(setup.population.counts.heartbeatsMissed, 0);
    await setup.advance(300);
    assert.equal(setup.population.counts.heartbeatsMissed, 1);
    await setup.end();
  });
});

describe("Population.silence()", () => {
  it("stops the heartbeats of a share, the same for the same seed in whatever process", async () => {
    const whole = await Setup.with(100);
    const parts = [await Setup.with(50), await Setup.with(50, { first: 50 })];
    const silentOf = async (setup: Setup, seed: number) => {
      setup.population.silence({ share: 0.1, seed });
      const startMs = setup.clock.monotonicMs();
      await setup.advance(1_200);
      return setup.server.clients.filter(({ beatsMs }) => !beatsMs.some((ms) => ms > startMs))
        .map(({ key }) => key);
    };
    const silent = await silentOf(whole, 3);
    assert.ok(silent.length >= 4 && silent.length <= 18, `${silent}`);
    assert.deepEqual([...await silentOf(parts[0], 3), ...await silentOf(parts[1], 3)], silent);
    const other = await Setup.with(100);
    assert.notDeepEqual(await silentOf(other, 4), silent);
    for (const setup of [whole, ...parts, other]) await setup.end();
  });

  it("reports who was closed in time, too early, too late and not at all", async () => {
    const setup = await Setup.with(4);
    await setup.advance(1_500);
    setup.population.silence({ share: 1, seed: 1 });
    const [early, inTime, late] = setup.server.clients;
    const closeAfter = async (client: typeof early, spanMs: number) => {
      const leftMs = client.beatsMs.at(-1)! + spanMs - setup.clock.monotonicMs();
      await setup.advance(leftMs);
      client.close();
    };
    await closeAfter(early, 1_500);
    await closeAfter(inTime, 2_200);
    await closeAfter(late, 3_500);
    await setup.advance(50);
    const deadline = { earliestMs: 2_000, latestMs: 3_000 };
    const { lastMs, ...report } = setup.population.silentReport(deadline);
    assert.deepEqual(report, { silent: 4, closed: 1, early: 1, late: 2 });
    assert.ok(lastMs >= 3_500 && lastMs <= 3_550, `${lastMs} ms`);
    assert.equal(setup.population.counts.lostConnections, 0);
    assert.equal(setup.population.authenticatedCount, 1);
    await setup.end();
  });

  it("does not count those that are not there", async () => {
    const setup = await Setup.with(2);
    setup.server.clients[0].close();
    await setup.advance(50);
    setup.population.silence({ share: 1, seed: 1 });
    setup.server.clients[1].close();
    await setup.advance(50);
    const deadline = { earliestMs: 0, latestMs: 10_000 };
    const { lastMs: _, ...report } = setup.population.silentReport(deadline);
    assert.deepEqual(report, { silent: 1, closed: 1, early: 0, late: 0 });
    assert.equal(setup.population.counts.lostConnections, 1);
    await setup.end();
  });
});

describe("Population", () => {
  it("counts and names clients that the server closes though they beat", async () => {
    const setup = await Setup.with(3);
    setup.server.clients[1].close();
    await setup.advance(50);
    const {
      counts: { lostConnections },
      connectedCount: connected,
      authenticatedCount: authenticated,
      failures,
    } = setup.population;
    assert.deepEqual([lostConnections, connected, authenticated], [1, 2, 2]);
    assert.deepEqual(failures, ["client 1 was closed by the server"]);
    await setup.settle(setup.population.reconnect());
    assert.deepEqual(
      [setup.population.authenticatedCount, setup.population.counts.lostConnections],
      [
        3,
        1,
      ],
    );
    await setup.end();
  });

  it("counts pushes and their latencies, and looks whose they are", async () => {
    const setup = await Setup.with(2);
    for (const sequence of [1, 2, 3]) {
      for (const client of [0, 1]) setup.push(client, client, sequence);
      await setup.advance(10);
    }
    assert.deepEqual(setup.totals(3), {
      ...{ expected: 6, received: 6, lost: 0, duplicated: 0, reordered: 0, misdelivered: 0 },
    });
    assert.deepEqual([setup.population.counts.received, setup.population.latencies.count], [6, 6]);
    setup.push(0, 1, 4);
    await setup.advance(10);
    assert.equal(setup.totals(3).misdelivered, 1);
    assert.deepEqual([setup.population.counts.received, setup.population.latencies.count], [7, 6]);
    await setup.end();
  });

  it("leaves with a share and comes back with the same keys and rooms", async () => {
    const setup = await Setup.with(50);
    await setup.settle(setup.population.leave({ share: 0.3, seed: 2 }));
    const { server, population } = setup;
    assert.deepEqual([population.authenticatedCount, server.open], [50, 50]);
    assert.equal(population.counts.lostConnections, 0);
    const again = server.clients.slice(50);
    assert.ok(again.length >= 8 && again.length <= 22, `${again.length}`);
    for (const { key, room } of again) {
      const before = server.clients.slice(0, 50).find((one) => one.key === key)!;
      assert.deepEqual([before.isOpen, before.room], [false, room]);
    }
    await setup.end();
  });

  it("goes to the next room with a share, and judges nothing while it is on its way", async () => {
    const setup = await Setup.with(2);
    setup.push(0, 0, 1);
    await setup.advance(300);
    setup.server.answersRooms = false;
    setup.population.changeRooms({ share: 1, seed: 1 });
    await setup.advance(10);
    assert.deepEqual(setup.server.clients.map(({ room }) => room), ["sim://1", "sim://0"]);
    setup.push(0, 0, 2);
    setup.push(0, 1, 2);
    await setup.advance(10);
    assert.equal(setup.totals(0).misdelivered, 0);
    setup.server.client("sim-0").send(
      Operation.ChangeRoomReply,
      EMPTY,
      1,
    );
    await setup.advance(10);
    setup.push(0, 1, 3);
    await setup.advance(10);
    assert.equal(setup.totals(0).misdelivered, 0);
    setup.push(0, 0, 3);
    await setup.advance(10);
    assert.equal(setup.totals(0).misdelivered, 1);
    await setup.end();
  });

  it("comes back whole from a storm", async () => {
    const setup = await Setup.with(30);
    await setup.settle(setup.population.storm());
    const { server, population } = setup;
    assert.deepEqual([population.authenticatedCount, server.open, server.clients.length], [
      30,
      30,
      60,
    ]);
    assert.deepEqual([population.counts.lostConnections, population.failures], [0, []]);
    await setup.end();
  });

  it("stops reading with a share and reads again", async () => {
    const setup = await Setup.with(4);
    const stopped = setup.population.stopReading({ share: 1, seed: 1 });
    assert.deepEqual(stopped, [0, 1, 2, 3]);
    for (const client of stopped) setup.push(client, client % 2, 1);
    await setup.advance(50);
    assert.equal(setup.population.counts.received, 0);
    setup.population.resumeReading();
    await setup.advance(50);
    assert.deepEqual([setup.population.counts.received, setup.population.latencies.count], [4, 0]);
    assert.equal(setup.totals(2).lost, 0);
    await setup.end();
  });

  it("holds it against nobody when the server closes a client that does not read", async () => {
    const setup = await Setup.with(2);
    setup.population.stopReading({ share: 1, seed: 1 });
    setup.server.clients[0].close();
    await setup.advance(50);
    setup.population.resumeReading();
    await setup.advance(50);
    assert.deepEqual(
      [setup.population.counts.slowClosed, setup.population.counts.lostConnections],
      [1, 0],
    );
    await setup.end();
  });

  it("lets everyone go, and counts nobody as lost", async () => {
    const setup = await Setup.with(10);
    setup.population.disconnect();
    await setup.advance(20);
    const {
      connectedCount: connected,
      authenticatedCount: authenticated,
      counts: { lostConnections },
    } = setup.population;
    assert.deepEqual([connected, authenticated, lostConnections, setup.server.open], [0, 0, 0, 0]);
    await setup.end();
  });

  it("lets those go as well that are on their way in", async () => {
    const setup = new Setup();
    await setup.server.listen(setup.streams);
    const connecting = setup.population.connect(setup.plan({ clients: 3 }));
    setup.population.disconnect();
    await setup.settle(connecting);
    await setup.advance(100);
    assert.deepEqual([setup.server.open, setup.population.authenticatedCount], [0, 0]);
    await setup.end();
  });
});
