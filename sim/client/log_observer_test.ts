import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { encodeFrame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { encodeRoomBatch } from "../../protocol/room_batch.ts";
import { PopulationSetup as Setup } from "../../tests/support/population_setup.ts";
import type { ScriptedClient } from "../../tests/support/scripted_server.ts";
import { encodePushBody } from "../checkers/push_body.ts";

/** A population of one client that keeps its places. */
function withOne(roomsEach: number, rooms = 3): Promise<Setup> {
  return Setup.with(1, { rooms, logs: { share: 1, roomsEach } });
}

function of({ server }: Setup): ScriptedClient {
  return server.client("sim-0");
}

function bodyOf(room: number, sequence: number): Uint8Array {
  return encodePushBody({ tag: 7, room, sequence, dueMs: 0, size: 40 });
}

/** Sends a push of a room, the first at offset 1. */
function push(client: ScriptedClient, room: number, offset: number, further = false): void {
  const frames = encodeFrame(1000, offset, bodyOf(room, offset));
  if (!further) client.send(1000, bodyOf(room, offset), offset);
  else client.send(Operation.RoomBatch, encodeRoomBatch({ room: `sim://${room}`, frames }));
}

function joined(client: ScriptedClient, room: number, answer: Record<string, unknown> = {}): void {
  const usual = {
    code: 0,
    room: `sim://${room}`,
    epoch: "e",
    offset: 0,
    recovered: true,
    missed: 0,
  };
  client.sendJson(Operation.JoinReply, { ...usual, ...answer });
}

/** What the cursors say when nothing was pushed that they do not know of. */
function totals({ population }: Setup) {
  const { failures: _, ...counts } = population.cursorTotals([]);
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

describe("a client that keeps its places in logs", () => {
  it("comes back with its place, and is live when it has what it missed", async () => {
    const setup = await withOne(1);
    for (const offset of [1, 2]) push(of(setup), 0, offset);
    await setup.advance(20);
    setup.server.joinAnswer = () => ({
      code: 0,
      epoch: "e",
      offset: 4,
      recovered: true,
      missed: 2,
    });
    await setup.settle(setup.population.leave({ share: 1, seed: 1 }));
    const since = { epoch: "e", offset: 2 };
    assert.deepEqual(of(setup).asked, [{ op: 7, room: "sim://0", since, last: undefined }]);
    const { recoveries } = setup.population.logs;
    push(of(setup), 0, 3);
    await setup.advance(20);
    assert.deepEqual([setup.population.liveCount, recoveries.count], [0, 0]);
    push(of(setup), 0, 4);
    await setup.advance(20);
    assert.deepEqual([setup.population.liveCount, recoveries.count], [1, 1]);
    assert.ok(recoveries.max >= 20 && recoveries.max < 200, `${recoveries.max} ms`);
    assert.deepEqual(totals(setup), { received: 4, returned: 1, recovered: 1 });
    await setup.end();
  });

  it("joins further rooms, and asks again when it is refused for now", async () => {
    const setup = await withOne(3);
    await setup.advance(20);
    const rooms = () => of(setup).asked.slice(1).map(({ op, room }) => [op, room]);
    assert.deepEqual(rooms(), [[64, "sim://1"], [64, "sim://2"]]);
    joined(of(setup), 1);
    joined(of(setup), 2, { code: -500 });
    await setup.advance(400);
    assert.deepEqual([rooms().length, setup.population.liveCount], [2, 0]);
    await setup.advance(200);
    assert.deepEqual(rooms()[2], [64, "sim://2"]);
    joined(of(setup), 2);
    push(of(setup), 1, 1, true);
    push(of(setup), 0, 1);
    await setup.advance(20);
    assert.deepEqual([setup.population.liveCount, totals(setup)], [1, { received: 2 }]);
    assert.deepEqual(setup.population.members(), [1, 1, 1]);
    await setup.end();
  });

  it("notices pushes of a room before the answer, and of its own room as of a further one", async () => {
    const setup = await withOne(2);
    await setup.advance(20);
    push(of(setup), 1, 1, true);
    joined(of(setup), 1, { offset: 1 });
    push(of(setup), 0, 1, true);
    await setup.advance(20);
    assert.equal(totals(setup).wrong, 2);
    await setup.end();
  });

  it("leaves one further room and joins another, with its place where it has been", async () => {
    const setup = await withOne(2);
    await setup.advance(20);
    joined(of(setup), 1, { offset: 5 });
    await setup.advance(20);
    for (const [left, next] of [[1, 2], [2, 1]]) {
      setup.population.switchRooms({ share: 1, seed: 1 });
      await setup.advance(120);
      const [leave, join] = of(setup).asked.slice(-2);
      assert.deepEqual([leave.op, leave.room], [66, `sim://${left}`]);
      const since = next === 1 ? { since: { epoch: "e", offset: 5 } } : {};
      assert.deepEqual(join, { op: 64, room: `sim://${next}`, ...since });
      of(setup).sendJson(Operation.LeaveReply, { code: 0, room: `sim://${left}` });
      joined(of(setup), next, { offset: 5 });
      await setup.advance(20);
    }
    push(of(setup), 2, 6, true);
    await setup.advance(20);
    assert.deepEqual(totals(setup), { received: 1, returned: 1, recovered: 1, wrong: 1 });
    await setup.end();
  });

  it("does not know its place after a change of rooms as goim has it", async () => {
    const setup = await withOne(1);
    setup.population.changeRooms({ share: 1, seed: 1 });
    await setup.advance(20);
    push(of(setup), 1, 9);
    await setup.advance(20);
    await setup.settle(setup.population.leave({ share: 1, seed: 1 }));
    assert.equal(of(setup).asked[0].since, undefined);
    assert.deepEqual(totals(setup), { received: 1 });
    await setup.end();
  });

  it("takes notices, and none that it does not know", async () => {
    const setup = await withOne(1);
    const notice = (body: unknown) => of(setup).sendJson(Operation.Notice, body);
    const room = "sim://0";
    notice({ type: "gap", room, epoch: "e", from: 1, to: 3, count: 3 });
    push(of(setup), 0, 4);
    notice({ type: "epoch", room, epoch: "f", offset: 0, recovered: false });
    push(of(setup), 0, 1);
    for (const type of ["online", "moving", "gap"]) notice({ type });
    await setup.advance(20);
    assert.deepEqual(totals(setup), { received: 2, gaps: 1, told: 3, epochs: 1 });
    await setup.end();
  });

  it("says why it does not get into a room, and when nobody answers", async () => {
    const setup = await withOne(2);
    await setup.advance(20);
    const { population } = setup;
    joined(of(setup), 1, { code: -403, message: "no" });
    await setup.advance(20);
    assert.equal(population.counts.movesMissed, 1);
    assert.match(population.failures[0], /^client 0 was refused sim:\/\/1: -403 no$/);
    await setup.advance(700);
    assert.equal(of(setup).asked.length, 3);
    await setup.advance(10_000);
    assert.equal(population.counts.movesMissed, 2);
    await setup.settle(population.answered());
    assert.equal(of(setup).asked.length, 3);
    await setup.end();
  });
});
