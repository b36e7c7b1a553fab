import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { memoryPlatform } from "../../tests/memory_platform/mod.ts";
import { PopulationSetup as Setup } from "../../tests/support/population_setup.ts";
import { Population } from "./population.ts";

describe("Population.answered()", () => {
  it("settles when heartbeats and changes of rooms have been answered", async () => {
    const setup = await Setup.with(4);
    setup.population.changeRooms({ share: 1, seed: 1 });
    await setup.settle(setup.population.answered());
    const { moves, movesMissed, heartbeatsMissed } = setup.population.counts;
    assert.deepEqual([moves, movesMissed, heartbeatsMissed], [4, 0, 0]);
    await setup.end();
  });

  it("counts what is never answered, and then settles", async () => {
    const setup = await Setup.with(4, { heartbeatMs: 30_000 });
    await setup.advance(29_900);
    setup.server.answersBeats = setup.server.answersRooms = false;
    const { counts, failures } = setup.population;
    const sent = counts.heartbeatsSent;
    await setup.advance(10_000);
    setup.population.changeRooms({ share: 1, seed: 1 });
    const asked = counts.heartbeatsSent - sent;
    await setup.settle(setup.population.answered());
    assert.equal(counts.movesMissed, 4);
    assert.ok(asked > 0 && counts.heartbeatsMissed >= asked, `${counts.heartbeatsMissed}`);
    assert.ok(failures.includes("client 0 got no answer to its change of rooms"));
    await setup.end();
  });

  it("waits for nothing of clients that have gone or do not read", async () => {
    const setup = await Setup.with(2);
    setup.server.answersRooms = false;
    setup.population.changeRooms({ share: 1, seed: 1 });
    await setup.advance(20);
    setup.server.clients[0].close();
    setup.population.stopReading({ share: 1, seed: 1 });
    await setup.advance(20);
    const startMs = setup.clock.monotonicMs();
    await setup.settle(setup.population.answered());
    assert.ok(setup.clock.monotonicMs() - startMs < 100);
    await setup.end();
  });
});

describe("Population", () => {
  it("says how many are in each room", async () => {
    const setup = await Setup.with(5, { rooms: 3 });
    assert.deepEqual(setup.population.members(), [2, 2, 1]);
    setup.server.clients[4].close();
    await setup.advance(20);
    assert.deepEqual(setup.population.members(), [2, 1, 1]);
    await setup.end();
  });

  it("counts tries to get in, and says why they failed", async () => {
    const setup = new Setup();
    await setup.server.listen(setup.streams);
    let tries = 0;
    setup.server.letsIn = () => ++tries > 2;
    await setup.settle(setup.population.connect(setup.plan({})));
    const { counts, failures } = setup.population;
    assert.deepEqual([counts.retries, failures.length], [2, 2]);
    assert.equal(failures[0], "client 0 was closed on its way in");
    await setup.end();
  });

  it("brings clients back that leave as soon as they are in", async () => {
    const setup = await Setup.with(3);
    await setup.settle(setup.population.leave({ share: 1, seed: 1 }));
    assert.equal(setup.population.authenticatedCount, 3);
    await setup.end();
  });

  it("keeps the first failures and the last", async () => {
    const setup = await Setup.with(30);
    for (const client of setup.server.clients) client.close();
    await setup.advance(20);
    const { failures, counts: { lostConnections } } = setup.population;
    assert.deepEqual([failures.length, lostConnections], [20, 30]);
    assert.deepEqual(
      [failures[0], failures[19]],
      ["client 0 was closed by the server", "client 29 was closed by the server"],
    );
    await setup.end();
  });

  it("judges a client again that has come back after it had not read", async () => {
    const setup = await Setup.with(1);
    setup.population.stopReading({ share: 1, seed: 1 });
    setup.server.clients[0].close();
    await setup.advance(20);
    setup.population.resumeReading();
    await setup.advance(50);
    await setup.settle(setup.population.reconnect());
    setup.server.client("sim-0").close();
    await setup.advance(20);
    const { slowClosed, lostConnections } = setup.population.counts;
    assert.deepEqual([slowClosed, lostConnections], [1, 1]);
    await setup.end();
  });
});

/** A clock that can be found to have gone on while nothing ran. */
class HeldUpClock extends ManualClock {
  heldMs = 0;

  override monotonicMs(): number {
    return super.monotonicMs() + this.heldMs;
  }
}

describe("Population.progress()", () => {
  it("says the longest that a tick was late", () => {
    const clock = new HeldUpClock(1_000);
    const population = new Population(memoryPlatform({ clock }).streams, clock, { tag: 7 });
    for (const heldMs of [0, 5, 600, 600]) {
      clock.heldMs = heldMs;
      clock.advance(100);
    }
    assert.equal(population.progress().stallMs, 595);
    population.stop();
  });
});
