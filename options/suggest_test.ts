import { test } from "node:test";
import assert from "node:assert/strict";
import { suggest } from "./suggest.ts";

test("suggest() names the nearest known word and nothing that is far", () => {
  const known = ["--tcp", "--ws", "--http", "--heartbeat-interval", "--heartbeat-max"];
  assert.equal(suggest("--tpc", known), `; did you mean "--tcp"?`);
  assert.equal(suggest("--heartbeat", known), "");
  assert.equal(suggest("--heartbeat-intervall", known), `; did you mean "--heartbeat-interval"?`);
  assert.equal(suggest("--heartbeats-max", known), `; did you mean "--heartbeat-max"?`);
  assert.equal(suggest("--colour", known), "");
});
