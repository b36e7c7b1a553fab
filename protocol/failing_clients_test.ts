import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { FailingClients, FAILURES_MS } from "./failing_clients.ts";

function setUp(clientsMax?: number) {
  const clock = new ManualClock();
  const seen = { forgotten: 0 };
  return { clock, seen, clients: new FailingClients(clock, () => seen.forgotten++, clientsMax) };
}

test("FailingClients turns an address away from its last failure until they are over", () => {
  const { clock, clients } = setUp();
  clients.failed("10.0.0.1");
  clock.advance(20_000);
  assert.equal(clients.refusedMs("10.0.0.1", 2), 0);
  clients.failed("10.0.0.1");
  assert.equal(clients.refusedMs("10.0.0.1", 2), FAILURES_MS - 20_000);
  assert.equal(clients.refusedMs("10.0.0.1", 3), 0);
  assert.equal(clients.refusedMs("10.0.0.2", 2), 0);
  clock.advance(FAILURES_MS - 20_000);
  assert.equal(clients.refusedMs("10.0.0.1", 2), 0);
  clients.failed("10.0.0.1");
  assert.equal(clients.refusedMs("10.0.0.1", 2), 0);
});

test("FailingClients counts a /64 as one, and nobody at 0", () => {
  const { clients } = setUp();
  clients.failed("2001:db8::1");
  clients.failed("2001:db8::2");
  assert.ok(clients.refusedMs("2001:db8::3", 2) > 0);
  assert.equal(clients.refusedMs("2001:db8:0:1::3", 2), 0);
  assert.equal(clients.refusedMs("2001:db8::3", 0), 0);
});

test("FailingClients forgets what is over, and then the oldest, and says so", () => {
  const { clock, seen, clients } = setUp(3);
  for (const host of [1, 2, 3, 4]) clients.failed(`10.0.0.${host}`);
  assert.deepEqual([clients.size, seen.forgotten], [3, 1]);
  assert.deepEqual([1, 2].map((host) => clients.refusedMs(`10.0.0.${host}`, 1) > 0), [false, true]);
  clock.advance(FAILURES_MS);
  clients.failed("10.0.0.5");
  assert.deepEqual([clients.size, seen.forgotten], [1, 1]);
});
