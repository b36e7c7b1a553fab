import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CloseCodes } from "../../protocol/close_codes.ts";
import { Operation } from "../../protocol/operations.ts";
import { PopulationSetup as Setup } from "../../tests/support/population_setup.ts";
import { type ScriptedClient, ScriptedServer } from "../../tests/support/scripted_server.ts";
import { encodePushBody } from "../checkers/push_body.ts";

/** One client, at the first of two servers between which there is one of another transport. */
async function between(follows = true): Promise<{ setup: Setup; other: ScriptedServer }> {
  const setup = new Setup();
  const other = new ScriptedServer(setup.clock);
  for (const server of [setup.server, other]) await server.listen(setup.streams);
  const [one, two] = [setup.server, other].map(({ port }) => `127.0.0.1:${port}`);
  const targets = [`tcp://${one}`, `ws://${one}`, `tcp://${two}`];
  const logs = { share: 1, roomsEach: 1 };
  await setup.settle(setup.population.connect(setup.plan({ targets, logs, follows, rooms: 1 })));
  return { setup, other };
}

/** Has a server say that a client that comes back has missed so many messages. */
function missed(server: ScriptedServer, count: number): void {
  server.joinAnswer = (since) => {
    const { offset } = since as { offset: number };
    return { code: 0, epoch: "e", offset: offset + count, recovered: true, missed: count };
  };
}

function push(client: ScriptedClient, offset: number): void {
  const body = encodePushBody({ tag: 7, room: 0, sequence: offset, dueMs: 0, size: 40 });
  client.send(1000, body, offset);
}

function send(client: ScriptedClient, delayMs: number): void {
  client.sendJson(Operation.Notice, { type: "moving", delay_ms: delayMs });
}

function close(client: ScriptedClient, { code, reason }: { code: number; reason: string }): void {
  client.sendJson(Operation.DisconnectReply, { code, reason, reconnect: true });
  client.close();
}

/** What clients have, and what was counted of them. */
function seen({ population }: Setup): readonly number[] {
  const { received, lost, doubled, wrong, returned } = population.cursorTotals([]);
  const { handovers, sentBack, lostConnections } = population.counts;
  return [received, lost + doubled + wrong, returned, handovers, sentBack, lostConnections];
}

describe("a client that follows", () => {
  it("goes elsewhere when it is told, and stays until it is in there; nothing comes twice", async () => {
    const { setup, other } = await between();
    const { server, population } = setup;
    missed(other, 1);
    const old = server.client("sim-0");
    push(old, 1);
    send(old, 1_000);
    await setup.advance(500);
    push(old, 2);
    await setup.advance(450);
    assert.deepEqual([server.open, other.open], [1, 0]);
    // Both have what comes while it is on its way; only the new one has to be heard.
    other.letsIn = () => {
      push(old, 3);
      return true;
    };
    await setup.advance(100);
    assert.deepEqual([server.open, other.open, population.authenticatedCount], [0, 1, 1]);
    const now = other.client("sim-0");
    assert.deepEqual(now.asked[0].since, { epoch: "e", offset: 2 });
    assert.equal(population.liveCount, 0);
    push(now, 3);
    await setup.advance(20);
    assert.equal(population.liveCount, 1);
    assert.equal(population.logs.recoveries.count, 1);
    assert.deepEqual(seen(setup), [3, 0, 1, 1, 0, 0]);
    await setup.end();
  });

  it("goes elsewhere as often as it does not get in, however often it is told", async () => {
    const { setup, other } = await between();
    let tries = 0;
    other.letsIn = () => ++tries > 1;
    for (const delayMs of [0, 100]) send(setup.server.client("sim-0"), delayMs);
    setup.server.letsIn = () => false;
    await setup.advance(5_000);
    assert.deepEqual([tries, other.open, setup.server.open], [2, 1, 0]);
    const [, wrong, , handovers, , lost] = seen(setup);
    // Each refusal is a close without the code of a server that goes.
    assert.deepEqual([wrong, handovers, lost], [0, 1, 2]);
    await setup.end();
  });

  it("comes back elsewhere with its place when its server goes", async () => {
    const { setup, other } = await between();
    missed(other, 0);
    push(setup.server.client("sim-0"), 1);
    await setup.advance(20);
    // It was told to go later, and its server has ended before.
    send(setup.server.client("sim-0"), 300);
    close(setup.server.client("sim-0"), CloseCodes.goingAway);
    await setup.advance(1_000);
    assert.deepEqual([setup.server.open, other.open], [0, 1]);
    push(other.client("sim-0"), 2);
    await setup.advance(20);
    assert.deepEqual(seen(setup), [2, 0, 1, 0, 1, 0]);
    await setup.end();
  });

  it("comes back from any other close as well, which is counted", async () => {
    const { setup, other } = await between();
    close(setup.server.client("sim-0"), CloseCodes.internalError);
    await setup.advance(1_000);
    assert.equal(other.open, 1);
    assert.match(setup.population.failures.join(), /closed by the server, code 1011/);
    assert.deepEqual(seen(setup).slice(3), [0, 0, 1]);
    await setup.end();
  });

  it("is given up with its successor when the run ends", async () => {
    const { setup, other } = await between();
    other.letsIn = () => {
      setup.population.disconnect();
      return true;
    };
    send(setup.server.client("sim-0"), 0);
    await setup.advance(5_000);
    assert.deepEqual([setup.server.open, other.open], [0, 0]);
    await setup.end();
  });
});

it("a client that does not follow stays, and does not come back by itself", async () => {
  const { setup, other } = await between(false);
  send(setup.server.client("sim-0"), 0);
  await setup.advance(1_000);
  assert.deepEqual([setup.server.open, other.open], [1, 0]);
  close(setup.server.client("sim-0"), CloseCodes.goingAway);
  await setup.advance(1_000);
  assert.deepEqual([setup.server.open, other.open], [0, 0]);
  await setup.end();
});
