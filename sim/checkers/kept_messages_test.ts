import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { HistoryEntry } from "../../client/rooms.ts";
import { keptFinding, type KeptPart } from "./kept_messages.ts";

const TAG = 7;

const accepted = [{
  room: 1,
  epoch: "e",
  numbers: [31, 32, 33],
  offsets: [4, 5, 6],
  sentMs: [0, 0, 0],
}];

function entry(offset: number, media_ms: number, number: number, tag = TAG): HistoryEntry {
  return { offset, op: 1000, time_ms: 0, media_ms, body: { t: "hi", sim: [tag, number, 0, 0] } };
}

function part(fromMs: number, messages: readonly HistoryEntry[], first = 1): KeptPart {
  return { room: 1, epoch: "e", first, fromMs, toMs: fromMs + 1_000, messages };
}

function judge(...parts: readonly KeptPart[]): [ok: boolean, text: string] {
  const { ok, text } = keptFinding(accepted, parts, TAG);
  return [ok, text];
}

const right = "0 of 3 messages are not found by their place in the video, 0 are elsewhere or twice";

describe("keptFinding()", () => {
  it("holds when each is there once, among those of others", () => {
    const others: HistoryEntry = { offset: 7, op: 1000, time_ms: 0, media_ms: 5, body: "hello" };
    const first = part(0, [entry(5, 10, 32), others, entry(8, 11, 31, 8), entry(4, 999, 31)]);
    assert.deepEqual(judge(first, part(1_000, [entry(6, 1_000, 33)])), [true, right]);
  });

  it("fails for what is missing, unless it was there longest", () => {
    const text = right.replace("0 of 3", "1 of 3");
    assert.deepEqual(judge(part(0, [entry(5, 1, 32), entry(6, 2, 33)])), [false, text]);
    const dropped = part(0, [entry(5, 1, 32), entry(6, 2, 33)], 5);
    assert.deepEqual(judge(dropped), [true, right.replace("of 3", "of 2")]);
  });

  it("fails for what is elsewhere, twice, or another message", () => {
    const two = [entry(4, 1, 31), entry(5, 1, 32)];
    const text = right.replace("0 are", "1 are");
    assert.deepEqual(judge(part(0, [...two, entry(6, 1_000, 33)])), [false, text]);
    assert.deepEqual(judge(part(0, [...two, entry(6, 1, 34)])), [false, text]);
    const twice = [...two, entry(6, 1, 33), entry(6, 2, 33)];
    assert.deepEqual(judge(part(0, twice)), [false, text]);
  });

  it("says nothing of another epoch or room", () => {
    const other = { ...part(0, []), epoch: "f" };
    assert.deepEqual(judge(other, { ...part(0, []), room: 0 }), [true, right.replace("3", "0")]);
  });
});
