import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp } from "../tests/support/http_app.ts";
import { CloseCodes } from "../protocol/close_codes.ts";
import { unknownMethod } from "../protocol/cluster/calls.ts";
import type {
  CloseRequest,
  CloseRoomRequest,
  CometControl,
} from "../protocol/cluster/comet_calls.ts";
import { withLogLines } from "../tests/support/log_lines.ts";
import { Backend } from "./backend.ts";
import { BadRequest } from "./bad_request.ts";

test("Backend pushes bytes and text to keys, users, rooms and all", async () => {
  const { logic, pushLog } = await setUp();
  const backend = new Backend(logic);
  const before = pushLog.taken.length;
  await backend.pushToRoom(1000, "live://1", "héllo");
  await backend.pushToAll(7, Uint8Array.of(1, 2), 5);
  await backend.pushToKeys(7, ["nobody"], "");
  await backend.pushToMids(7, [404n], "");
  const [room, all] = pushLog.taken.slice(before);
  const body = new TextEncoder().encode("héllo");
  assert.deepEqual(room, { kind: "room", room: "live://1", operation: 1000, body });
  assert.deepEqual(all, { kind: "broadcast", speed: 5, operation: 7, body: Uint8Array.of(1, 2) });
  assert.equal(logic.counters.pushesToNobody, 2);
  await assert.rejects(backend.pushToRoom(1000, "live://", ""), BadRequest);
});

test("Backend tells where a push stands in a room's history, and reads it", async () => {
  const { logic, pushLog } = await setUp();
  const backend = new Backend(logic);
  assert.equal(await backend.pushToRoom(7, "live://1", ""), undefined);
  const options = { id: "i", mediaMs: 5, mid: 7n };
  const stream = { epoch: "e1", offset: 2 };
  assert.deepEqual(await backend.pushToRoom(7, "log://1", "", options), stream);
  await backend.pushToKeys(7, ["x"], "", { id: "i" });
  await backend.pushToMids(7, [7n], "", { id: "i" });
  await backend.pushToAll(7, "", 0, { id: "i" });
  const ids = pushLog.options.map(({ publishId }) => publishId);
  assert.deepEqual(ids, [undefined, "i", "i", "i", "i"]);
  pushLog.page = { ...stream, head: 2, first: 1, messages: [], more: false };
  assert.equal(await backend.history("log://1", { last: 5 }), pushLog.page);
  assert.equal(await backend.history("log://1"), pushLog.page);
  assert.equal(await backend.history("live://1"), undefined);
  await assert.rejects(backend.history("log://1", { limit: 0 }), BadRequest);
  await assert.rejects(backend.history("log://"), BadRequest);
});

test("Backend says how many are online, in a room or in all", async () => {
  const { logic } = await setUp();
  const backend = new Backend(logic);
  const byRoom = await backend.onlineByRoom();
  assert.ok(byRoom.size > 0);
  for (const [room, members] of byRoom) assert.equal(await backend.online(room), members);
  assert.equal(await backend.online("live://nobody"), 0);
  assert.equal(await backend.online(), (await logic.online.total()).conn_count);
});

test("Backend closes connections by key, by user or one of them, where their comet is there", async () => {
  const { logic, comets } = await setUp();
  const closed: unknown[] = [];
  const comet = {
    closeRoom: async () => 0,
    close: async ({ connectionId, close }: CloseRequest) =>
      void closed.push([connectionId, close.code]),
  };
  const backend = new Backend(logic);
  comets.set("a", comet);
  const token = new TextEncoder().encode('{"mid":77,"key":"mine"}');
  for (const connectionId of [101, 102]) {
    await logic.connect({ server: "a", connectionId, token, remoteAddress: "::1" });
  }
  const one = { server: "a", connectionId: 101, mid: 77n, key: "mine" };
  assert.equal(await backend.closeConnections({ keys: ["mine", "nobody"] }), 2);
  assert.equal(await backend.closeConnections({ mids: [77n] }), 2);
  const gone = { ...one, server: "gone" };
  const own = { code: 4100, reason: "kicked", reconnect: false };
  assert.equal(await backend.closeConnections({ connections: [one, gone] }, own), 1);
  const { code } = CloseCodes.closedByApplication;
  assert.deepEqual(closed, [[101, code], [102, code], [101, code], [102, code], [101, 4100]]);
  for (const wrong of [{ ...own, code: 4099 }, { ...own, reason: "x".repeat(124) }]) {
    await assert.rejects(backend.closeConnections({ keys: [] }, wrong), BadRequest);
  }
  const keys = Array<string>(10_001).fill("k");
  await assert.rejects(backend.closeConnections({ keys }), BadRequest);
});

test("Backend closes the members of a room on every comet that knows how", () =>
  withLogLines(["halley"], async (lines) => {
    const { logic, comets } = await setUp();
    const backend = new Backend(logic);
    const asked: CloseRoomRequest[] = [];
    const comet: CometControl = {
      close: async () => {},
      closeRoom: async (request) => {
        asked.push(request);
        return 7;
      },
    };
    const earlier: CometControl = { ...comet, closeRoom: () => Promise.reject(unknownMethod(13)) };
    comets.set("a", comet);
    const room = "live://1";
    const close = { code: 4100, reason: "over", reconnect: false };
    assert.equal(await backend.closeConnections({ room }, close), 7);
    assert.deepEqual(asked, [{ room, close }]);
    comets.set("b", earlier);
    assert.deepEqual(await logic.closer.closeByApplication({ room }, close), {
      closed: 7,
      failed: 1,
    });
    comets.set("b", comet);
    assert.equal(await backend.closeConnections({ room }), 14);
    assert.deepEqual(lines, [
      "warning: Cannot close room live://1 on b: Error: its comet cannot be reached",
      "warning: Cannot close room live://1 on b: its comet is of an earlier version",
    ]);
    await assert.rejects(backend.closeConnections({ room: "live://" }), BadRequest);
  }));

test("Backend blocks and unblocks users and keys", async () => {
  const { logic } = await setUp();
  const backend = new Backend(logic);
  assert.equal(await backend.block({ mid: 77n }, 1_000), 0);
  assert.equal(await backend.block({ key: "k" }, 1_000), 0);
  assert.equal(await backend.unblock({ mid: 77n }), true);
  assert.equal(await backend.unblock({ mid: 77n }), false);
  await assert.rejects(backend.block({ mid: 0n }, 1_000), BadRequest);
});
