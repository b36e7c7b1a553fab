import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { FAILURES_MS } from "../../protocol/failing_clients.ts";
import { setUp as withApp } from "../../tests/support/http_app.ts";
import { KeyGuesses, KNOWN_MAX, KNOWN_MS } from "./key_guesses.ts";

const CALL = "GET /goim/online/total";
const RIGHT = { authorization: "Bearer right-key" };
const WRONG = { "x-api-key": "wrong-key" };

/** An API whose callers may show two wrong keys a minute. */
async function setUp() {
  const clock = new ManualClock();
  const counters = { httpSlowed: 0, failingCallersForgotten: 0 };
  const guesses = new KeyGuesses(clock, 2, counters);
  const { app } = await withApp({ apiKey: "right-key", guesses, trustedProxies: ["10.0.0.9"] });
  const answer = async (headers: HeadersInit, remoteAddress = "10.0.0.1") => {
    const [method, path] = CALL.split(" ");
    return await app.request(path, { method, headers }, { remoteAddress });
  };
  const statuses = async (from: string, ...all: HeadersInit[]) => {
    const seen = [];
    for (const headers of all) seen.push((await answer(headers, from)).status);
    return seen;
  };
  return { clock, counters, guesses, answer, statuses };
}

test("An address that showed wrong API keys is answered 429, whatever it shows, for a minute", async () => {
  const { clock, counters, answer, statuses } = await setUp();
  assert.deepEqual(await statuses("10.0.0.1", WRONG, WRONG, WRONG, RIGHT), [401, 401, 429, 429]);
  assert.deepEqual(await statuses("10.0.0.2", WRONG, RIGHT), [401, 200]);
  const response = await answer(WRONG);
  assert.equal(response.headers.get("retry-after"), "60");
  assert.equal((await response.json()).code, -429);
  // Who shows none tries none.
  assert.deepEqual(await statuses("10.0.0.1", {}), [401]);
  assert.equal(counters.httpSlowed, 3);
  clock.advance(FAILURES_MS);
  assert.deepEqual(await statuses("10.0.0.1", RIGHT), [200]);
});

test("Of addresses that showed a right API key the oldest are forgotten first", async () => {
  const { guesses } = await setUp();
  const address = (index: number) => `10.1.${index >> 8}.${index & 255}`;
  for (let index = 0; index <= KNOWN_MAX; index++) guesses.right(address(index));
  const isSlowed = (from: string) => {
    for (let wrong = 0; wrong < 2; wrong++) guesses.wrong(from);
    return guesses.refusedMs(from) > 0;
  };
  assert.deepEqual([0, 1, KNOWN_MAX].map((index) => isSlowed(address(index))), [
    true,
    false,
    false,
  ]);
});

test("An address that showed the right API key lately is not locked out by who shares it", async () => {
  const { clock, statuses } = await setUp();
  assert.deepEqual(await statuses("10.0.0.1", RIGHT, WRONG, WRONG, WRONG), [200, 401, 401, 401]);
  assert.deepEqual(await statuses("10.0.0.1", RIGHT), [200]);
  clock.advance(KNOWN_MS);
  assert.deepEqual(await statuses("10.0.0.1", WRONG, WRONG, WRONG), [401, 401, 429]);
});

test("Wrong API keys are counted by the client's address, as far as proxies can be believed", async () => {
  const { statuses } = await setUp();
  const from = (address: string) => ({ ...WRONG, "x-forwarded-for": address });
  const through = "10.0.0.9";
  const client = from("2001:db8::1");
  assert.deepEqual(await statuses(through, client, client, from("2001:db8::2")), [401, 401, 429]);
  assert.deepEqual(await statuses(through, from("192.0.2.1")), [401]);
  const liar = [from("192.0.2.2"), from("192.0.2.3"), from("192.0.2.4")];
  assert.deepEqual(await statuses("10.0.0.3", ...liar), [401, 401, 429]);
});

test("Wrong API keys are not counted at 0", async () => {
  const { guesses, statuses } = await setUp();
  guesses.failuresMax = 0;
  assert.deepEqual(await statuses("10.0.0.1", WRONG, WRONG, WRONG, RIGHT), [401, 401, 401, 200]);
});
