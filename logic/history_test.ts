import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { StoreUnavailable } from "../drivers/ports.ts";
import { Limits } from "../protocol/limits.ts";
import { RoomTypes } from "../protocol/room_options.ts";
import { logRooms, NotingLog } from "../tests/support/http_app.ts";
import { BadRequest } from "./bad_request.ts";
import { History } from "./history.ts";

function setUp() {
  const log = new NotingLog(new ManualClock());
  return { log, history: new History(log, new RoomTypes([logRooms])) };
}

const EMPTY_PAGE = { epoch: "", head: 0, first: 1, messages: [], more: false };

test("History.read() asks the log with what the room's type keeps", async () => {
  const { log, history } = setUp();
  log.page = { epoch: "e1", head: 9, first: 5, messages: [], more: true };
  const query = { room: "log://1", after: 3, limit: 10, bytesMax: 100 };
  assert.equal(await history.read(query), log.page);
  assert.deepEqual(log.asked, [{
    ...query,
    retention: { sizeMax: 50, ttlMs: 60_000, by: "offset" },
  }]);
});

test("History.read() keeps pages within their limits, whatever a comet asks for", async () => {
  const { log, history } = setUp();
  await history.read({ room: "log://1", last: 1e9, limit: 2 ** 31 - 1, bytesMax: 2 ** 31 - 1 });
  const [{ limit, bytesMax }] = log.asked;
  assert.deepEqual(
    [limit, bytesMax],
    [Limits.historyPageMessagesMax, Limits.historyPageBytesMax],
  );
});

test("History.read() of a room that keeps nothing is an empty page, for which no log is asked", async () => {
  const { log, history } = setUp();
  const query = { room: "live://1", after: 0, limit: 10, bytesMax: 100 };
  assert.deepEqual(await history.read(query), EMPTY_PAGE);
  assert.equal(await history.ask("live://1", {}), undefined);
  assert.deepEqual(log.asked, []);
});

test("History fails as the log does", async () => {
  const { log, history } = setUp();
  log.readHistory = () => Promise.reject(new StoreUnavailable("gone"));
  await assert.rejects(history.ask("log://1", { last: 5 }), StoreUnavailable);
});

test("History.ask() refuses what is no room and what is no range", async () => {
  const { history } = setUp();
  await assert.rejects(history.ask("log://", {}), BadRequest);
  await assert.rejects(history.ask("live://1", { last: 0 }), BadRequest);
});
