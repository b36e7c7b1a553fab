import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { RoomGap } from "../client/types.ts";
import {
  type Connection,
  connectionStatus,
  gapText,
  Recovery,
  refusalOf,
  refusalText,
} from "./status.ts";

const usual: Connection = {
  client: { state: "connected" },
  room: { state: "joined" },
  isAgain: false,
  isCut: false,
};

describe("connectionStatus()", () => {
  const cases: readonly (readonly [Partial<Connection>, tone: string, text: string])[] = [
    [{}, "good", "Live"],
    [{ client: { state: "connecting" }, room: { state: "joining" } }, "busy", "Connecting…"],
    [{ room: { state: "joining" } }, "busy", "Joining…"],
    [{ room: { state: "joining", code: -429, message: "full" } }, "busy", "Not let in yet: full"],
    [{ client: { state: "waiting" }, isAgain: true }, "bad", "Offline: trying again…"],
    [{ client: { state: "connecting" }, isAgain: true }, "bad", "Offline: trying again…"],
    [{ client: { state: "waiting" }, isAgain: true, isCut: true }, "bad", "Offline: cut by you"],
    [{ client: { state: "closed", code: 4001, reason: "who?" } }, "bad", "Refused: who?"],
    [{ client: { state: "closed", code: 4005 } }, "bad", "Refused: close code 4005"],
    [{ room: { state: "refused", code: -403, message: "full" } }, "bad", "Refused: full"],
    [{ room: { state: "refused", code: -403 }, isCut: true }, "bad", "Refused: code -403"],
  ];
  for (const [given, tone, text] of cases) {
    test(`is "${text}" for ${JSON.stringify(given)}`, () => {
      assert.deepEqual(connectionStatus({ ...usual, ...given }), { tone, text });
    });
  }
});

describe("Recovery", () => {
  test("counts what comes back until all is there", () => {
    const recovery = new Recovery();
    assert.equal(recovery.message(true), undefined);
    assert.equal(recovery.begin(3), "Back: 3 messages missed, 0 recovered");
    assert.equal(recovery.message(true), "Back: 3 messages missed, 1 recovered");
    assert.equal(recovery.message(false), undefined);
    recovery.message(true);
    assert.equal(recovery.message(true), "Back: 3 messages missed, 3 recovered");
    assert.equal(recovery.message(true), undefined);
    assert.equal(recovery.begin(1), "Back: 1 message missed, 0 recovered");
    assert.equal(recovery.begin(0), "Back: nothing was missed");
    assert.equal(recovery.message(true), undefined);
  });
});

test("gapText() says how many, and why", () => {
  const cases: readonly (readonly [RoomGap, string])[] = [
    [{ reason: "expired", count: 17 }, "17 messages missed: the room has kept them no longer"],
    [{ reason: "skipped", count: 1 }, "1 message missed: this page read too slowly"],
    [{ reason: "skipped" }, "Messages missed: this page read too slowly"],
    [{ reason: "epoch" }, "The room began anew: what was there before is lost"],
    [{ reason: "unknown" }, "Back: messages may have been missed"],
  ];
  for (const [gap, text] of cases) assert.equal(gapText(gap), text);
});

describe("refusalText()", () => {
  const cases: readonly (readonly [object, atMs: number, text: string])[] = [
    [{ code: -429, message: "slow mode", retryMs: 1_500 }, 0, "Not sent: slow mode (again in 2 s)"],
    [
      { code: -429, message: "slow mode", retryMs: 1_500 },
      600,
      "Not sent: slow mode (again in 1 s)",
    ],
    [{ code: -429, message: "slow mode", retryMs: 1_500 }, 1_500, "Not sent: slow mode"],
    [{ code: -429 }, 0, "Not sent: too fast"],
    [{ code: -403, message: "muted", retryMs: 600_000 }, 0, "Refused: muted (again in 10 min)"],
    [{ code: -403, message: "no links" }, 0, "Refused: no links"],
    [{ code: -408 }, 0, "No answer in time: nobody knows whether it arrived"],
    [{}, 0, "Refused: no reason given"],
  ];
  for (const [error, atMs, text] of cases) {
    test(`is "${text}" for ${JSON.stringify(error)} after ${atMs} ms`, () => {
      assert.equal(refusalText(refusalOf(error, 0), atMs), text);
    });
  }
});
