import assert from "node:assert/strict";
import { test } from "node:test";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { roomDefaults } from "../../protocol/room_options.ts";
import { TestComet } from "../../tests/support/test_comet.ts";

const SEED = 70;
const REQUESTS = 4_000;
const BYTES_MAX = 64;

/** What a request has in a member, as JSON, and whether it may. */
type Written = readonly [json: string, isRight: boolean];

const right = (...all: string[]): Written[] => all.map((json) => [json, true]);
const wrong = (...all: string[]): Written[] => all.map((json) => [json, false]);

/** Members beside the body; the empty text is none. */
const MEMBERS: Readonly<Record<string, readonly Written[]>> = {
  room: [
    ...right('"live://1"', '"live:\\/\\/1"', '"lobby"', '"live://1"'),
    ...wrong("", "null", "5", '""', '"live://"', '"://1"', "[]", `"${"x".repeat(257)}"`),
  ],
  mid: [
    ...right("", "null", "7", '"7"', '"\\u0037"', ""),
    ...wrong("70", '" 7"', "7.0", "7e0", "-7", "[7]", "{}", "false", '""'),
  ],
  op: [
    ...right("", "null", "1000", "-1", "18", "63", "76", "1e3", "2147483647", ""),
    ...wrong("0", "6", "17", "64", "75", "0.5", '"1000"', "2147483648", "[1]", "-0", "1e999"),
  ],
  media_ms: [
    ...right("", "null", "0", "61500", "9007199254740991", ""),
    ...wrong("-1", "1.5", '"5"', "9007199254740992", "{}", "true"),
  ],
  id: [
    ...right("", "null", '"a"', `"${"é".repeat(128)}"`, '"\\ud83d\\ude00"', '"\\u0000"', ""),
    ...wrong('""', "1", `"${"a".repeat(129)}"`, '"\\ud83d"', '"\\ude00\\ud83d"', "[]", "{}"),
  ],
  unknown: right("", '{"body":"not this"}', '"\\"body\\":1"', "null"),
};

/** Bodies, and their bytes as text. */
const BODIES: readonly (readonly [json: string, bytes: string])[] = [
  ['"hi"', "hi"],
  ['""', ""],
  ['"\\u00e9 \\ud83d\\ude00 \\u0000"', "é 😀 \0"],
  ['"\\ud83d"', "\ufffd"],
  ['{ "t": "}\\"{",\t"n": 1e+2 }', '{ "t": "}\\"{",\t"n": 1e+2 }'],
  ['{"__proto__":1,"body":[[],"]"]}', '{"__proto__":1,"body":[[],"]"]}'],
  ["-0.10", "-0.10"],
  ["123456789012345678901234567890", "123456789012345678901234567890"],
  ["[null , true]", "[null , true]"],
  ["false", "false"],
  [`"${"x".repeat(BYTES_MAX)}"`, "x".repeat(BYTES_MAX)],
];
const LONG = [
  `"${"x".repeat(BYTES_MAX + 1)}"`,
  `"${"é".repeat(BYTES_MAX / 2)}x"`,
  `[${"1,".repeat(BYTES_MAX / 2)}1]`,
];

function oneOf<Value>(prng: Prng, values: readonly Value[]): Value {
  return values[randomBelow(prng, values.length)];
}

/** A request, the code that it is answered with, and the body that logic is handed. */
function draw(prng: Prng): { request: string; code: number; bytes: string } {
  const members: [name: string, json: string][] = [];
  const isRight: Record<string, boolean> = {};
  // One in three is right in all.
  const isPlain = randomBelow(prng, 3) === 0;
  for (const [name, all] of Object.entries(MEMBERS)) {
    const [json, right] = oneOf(prng, isPlain ? all.filter(([, right]) => right) : all);
    isRight[name] = right;
    if (json !== "") members.push([name, json]);
  }
  const [json, bytes] = oneOf(prng, BODIES);
  const kind = isPlain ? randomBelow(prng, 2) : randomBelow(prng, 6);
  const isBody = kind < 2;
  if (kind === 0) members.push(["body", json]);
  else if (kind === 1) {
    members.push(["body_base64", `"${new TextEncoder().encode(bytes).toBase64()}"`]);
  } else if (kind === 2) members.push(["body", json], ["body_base64", '""']);
  else if (kind === 3) members.push(["body_base64", oneOf(prng, ['"?"', "5", "{}", '"A"'])]);
  else if (kind === 4) members.push(["body", oneOf(prng, LONG)]);
  for (let at = members.length - 1; at > 0; at--) {
    const other = randomBelow(prng, at + 1);
    [members[at], members[other]] = [members[other], members[at]];
  }
  // Of several of a name the last counts.
  if (randomBelow(prng, 4) === 0 && members.length > 0) {
    members.unshift([oneOf(prng, members)[0], '"not this"']);
  }
  const space = oneOf(prng, ["", " ", "\n\t"]);
  const request = members.map(([name, json]) => `"${name}"${space}:${space}${json}`);
  const { room, mid, ...others } = isRight;
  const isWhole = Object.values(others).every((right) => right) && isBody;
  const code = !room ? -400 : !mid ? -403 : isWhole ? 0 : -400;
  return { request: `{${space}${request.join(`${space},`)}${space}}`, code, bytes };
}

test(`operation 70 agrees with what each member may be, over ${REQUESTS} requests, seed ${SEED}`, async () => {
  const prng = seededPrng(SEED);
  const rooms = [{ ...roomDefaults, messageBytesMax: BYTES_MAX }];
  const comet = await TestComet.start({ rooms, operationsMax: 0, publishRate: 0 });
  const client = await comet.open({ mid: 7, extras: { features: ["rooms"] } });
  client.send(64, 1, '{"room":"lobby"}');
  await comet.settle();
  client.take();
  const { published } = comet.logic;
  const counts: Record<string, number> = {};
  for (let count = 0; count < REQUESTS; count++) {
    const { request, code, bytes } = draw(prng);
    client.send(70, count, request);
    do await comet.turn(); while (client.receivedBytes === 0);
    const [{ seq, body }] = client.frames();
    assert.deepEqual([seq, JSON.parse(body.toString()).code], [count, code], request);
    counts[code] = (counts[code] ?? 0) + 1;
    const taken = published.pop();
    assert.equal(taken !== undefined, code === 0, request);
    if (taken === undefined) continue;
    assert.equal(new TextDecoder("utf-8", { ignoreBOM: true }).decode(taken.body), bytes, request);
  }
  for (const code of [0, -400, -403]) assert.ok(counts[code] > REQUESTS / 10, `${counts[code]}`);
});
