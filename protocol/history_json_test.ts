import assert from "node:assert/strict";
import { test } from "node:test";
import type { HistoryMessage, HistoryPage } from "./history.ts";
import { historyJson, readStreamPosition } from "./history_json.ts";
import { hex, utf8 } from "../tests/support/protocol.ts";

const page: HistoryPage = { epoch: "k3x9", head: 57, first: 3, messages: [], more: true };

function written(message: Partial<HistoryMessage>): string {
  const plain = { offset: 5, operation: 1000, timeMs: 1_700_000_000_000, mid: 0n, body: utf8("") };
  const json = historyJson("r", { ...page, messages: [{ ...plain, ...message }] });
  return /"messages":\[(.*)\],"more"/.exec(json)![1];
}

test("historyJson() writes the members of an answer", () => {
  assert.equal(
    historyJson('live://"1"', page),
    '"room":"live://\\"1\\"","epoch":"k3x9","first":3,"last":57,"messages":[],"more":true',
  );
});

const head = '{"offset":5,"op":1000,"time_ms":1700000000000,';

/** Parts of a message, and what is written of it. */
const MESSAGES: readonly [Partial<HistoryMessage>, string][] = [
  [{ body: utf8('{"n": 9007199254740993}') }, `${head}"body":{"n": 9007199254740993}}`],
  [{ body: utf8("hello") }, `${head}"body":"hello"}`],
  [{ body: utf8("") }, `${head}"body":""}`],
  [{ body: hex("ff00") }, `${head}"body_base64":"/wA="}`],
  [
    { mediaMs: 0, mid: -(2n ** 63n), operation: -7 },
    '{"offset":5,"op":-7,' +
    '"time_ms":1700000000000,"media_ms":0,"mid":"-9223372036854775808","body":""}',
  ],
];

for (const [message, json] of MESSAGES) {
  test(`historyJson() writes ${json}`, () => assert.equal(written(message), json));
}

test("historyJson() puts commas between messages", () => {
  const [first, second] = [5, 6].map((offset): HistoryMessage => ({
    offset,
    operation: 1,
    timeMs: 0,
    mid: 0n,
    body: utf8("x"),
  }));
  const { messages } = JSON.parse(`{${historyJson("r", { ...page, messages: [first, second] })}}`);
  assert.deepEqual(messages.map(({ offset }: { offset: number }) => offset), [5, 6]);
});

test("readStreamPosition() takes a position whatever the case of its members", () => {
  assert.deepEqual(readStreamPosition({ epoch: "", offset: 0 }), { epoch: "", offset: 0 });
  assert.deepEqual(readStreamPosition({ OFFSET: 7, Epoch: "a", x: 1 }), { epoch: "a", offset: 7 });
});

for (const value of [null, "a", 5, [], {}, { epoch: "a" }, { epoch: "a", offset: -1 }]) {
  test(`readStreamPosition() finds none in ${JSON.stringify(value)}`, () => {
    assert.equal(readStreamPosition(value), undefined);
  });
}
