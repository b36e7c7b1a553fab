/** Whatever stands in the parameters of pushes and histories, what reaches the log is whole. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { AppendOptions } from "../../drivers/ports.ts";
import type { HistoryQuery } from "../../protocol/history.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { setUp } from "../../tests/support/http_app.ts";

const RUNS = 2_000;

/** Values that are right now and then, and wrong in every way that comes to mind. */
const value = fc.oneof(
  fc.constantFrom(
    "",
    "0",
    "1",
    "-1",
    "007",
    "1000",
    "1001",
    "1e3",
    "0x10",
    "NaN",
    "Infinity",
    " 1",
  ),
  fc.constantFrom("2147483647", "2147483648", "9007199254740991", "9007199254740992", "1.0", "+1"),
  fc.constantFrom("%00", "%ff", "%E4%BD%A0", "%F0%9F%98%80", "a%26b", "a+b", "a".repeat(128)),
  fc.constantFrom("a".repeat(129), "null", "[]", "__proto__", "%ED%A0%80", "%", "log://1"),
  fc.nat(2_000).map(String),
  fc.string({ unit: "binary", maxLength: 140 }).map(encodeURIComponentSafely),
);

function encodeURIComponentSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Parameters, each left out, given or repeated. */
function parametersOf(names: readonly string[]) {
  const parameter = fc.tuple(fc.constantFrom(...names), value).map(([name, text]) =>
    `${name}=${text}`
  );
  return fc.array(parameter, { maxLength: 6 }).map((parameters) => parameters.join("&"));
}

const json = fc.oneof(
  fc.constantFrom(0, 1, -1, 0.5, 1e400, 2 ** 53, 2 ** 53 - 1, null, true, "", "1", "a", "\ud800"),
  fc.constantFrom<unknown>([], {}, ["x"], [7], "i".repeat(128), "i".repeat(129), "log://1"),
  fc.jsonValue({ maxDepth: 1 }),
);

function checkAppended(message: PushMessage, { publishId }: AppendOptions): void {
  if (publishId !== undefined) {
    assert.ok(publishId.length >= 1 && publishId.length <= 128 && publishId.isWellFormed());
  }
  if (message.kind !== "room" || message.mediaMs === undefined) return;
  assert.ok(Number.isSafeInteger(message.mediaMs) && message.mediaMs >= 0);
}

function checkAsked({ after, last, fromMs, toMs, limit, bytesMax }: HistoryQuery): void {
  assert.ok(Number.isInteger(limit) && limit >= 1 && limit <= 1_000 && bytesMax === 1_048_576);
  const isWhole = (count?: number) => count === undefined || Number.isSafeInteger(count);
  assert.ok([after, last, fromMs, toMs].every((count) => isWhole(count) && (count ?? 0) >= 0));
  assert.equal(fromMs === undefined, toMs === undefined);
  assert.ok(fromMs === undefined || fromMs <= toMs!);
  const ways = [last, after ?? fromMs].filter((way) => way !== undefined);
  assert.equal(ways.length, 1, "one way to ask");
}

/** Calls, and what must hold for the answer and for what has reached the log. */
async function run(calls: fc.Arbitrary<readonly [line: string, body: string]>, seed: number) {
  const { call, pushLog } = await setUp({ partitionBytesMax: 2 ** 30 });
  const codes = new Map<number, number>();
  const property = fc.asyncProperty(calls, async ([line, body]) => {
    pushLog.taken.length = pushLog.options.length = pushLog.asked.length = 0;
    const init = line.startsWith("POST") ? { body } : {};
    const { status, text } = await call(line, init);
    assert.equal(status, 200);
    const { code, data } = JSON.parse(text);
    assert.ok([0, -400, -404].includes(code), text);
    if (code !== 0) assert.equal(pushLog.taken.length + pushLog.asked.length, 0);
    for (const [index, message] of pushLog.taken.entries()) {
      checkAppended(message, pushLog.options[index]);
      const isLogged = message.kind === "room" && message.room.startsWith("log://");
      assert.equal(data !== undefined, isLogged, text);
    }
    pushLog.asked.forEach(checkAsked);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  });
  await fc.assert(property, { seed, numRuns: RUNS });
  return codes;
}

test("GET /goim/history/room survives whatever stands in its query", async () => {
  const names = ["after", "last", "from_ms", "to_ms", "limit", "type", "room", "room"];
  const types = fc.constantFrom(
    "type=log&room=1",
    "type=log&room=1",
    "type=live&room=1",
    "type=log",
  );
  const calls = fc.tuple(types, parametersOf(names)).map(([head, rest]) =>
    [`GET /goim/history/room?${head}&${rest}`, ""] as const
  );
  const codes = await run(calls, 31);
  for (const code of [0, -400, -404]) assert.ok(codes.get(code)! > RUNS / 50, `${[...codes]}`);
});

test("POST /goim/push/* survives whatever stands in id and media_ms", async () => {
  const targets = fc.constantFrom(
    "room?type=log&room=1",
    "room?type=live&room=1",
    "keys?keys=x",
    "mids?mids=7",
    "all?speed=1",
  );
  const names = ["id", "id", "media_ms", "media_ms", "speed"];
  const calls = fc.tuple(targets, parametersOf(names)).map(([head, rest]) =>
    [`POST /goim/push/${head}&operation=7&${rest}`, "hi"] as const
  );
  const codes = await run(calls, 32);
  for (const code of [0, -400]) assert.ok(codes.get(code)! > RUNS / 20, `${[...codes]}`);
});

test("POST /v1/push survives whatever stands in its members", async () => {
  const target = fc.constantFrom<object>(
    { room: "log://1" },
    { room: "live://1" },
    { keys: ["x"] },
    { mids: ["7"] },
    { all: true },
    {},
  );
  const names = fc.constantFrom(
    "id",
    "media_ms",
    "body",
    "body_base64",
    "operation",
    "speed",
    "room",
  );
  const members = fc.array(fc.tuple(names, json), { maxLength: 3 });
  const calls = fc.tuple(target, members).map(([one, rest]) =>
    [
      "POST /v1/push",
      JSON.stringify({ operation: 7, ...one, ...Object.fromEntries(rest) }),
    ] as const
  );
  const codes = await run(calls, 33);
  for (const code of [0, -400]) assert.ok(codes.get(code)! > RUNS / 20, `${[...codes]}`);
});
