import assert from "node:assert/strict";
import { test } from "node:test";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import { fieldOf, hashOf, otherOf, parseRow, SESSION_SLOTS } from "./session_rows.ts";

test("hashOf() spreads keys evenly over the slots, and gives each its own name", () => {
  const counts = new Array<number>(SESSION_SLOTS).fill(0);
  const names = new Set<string>();
  for (let index = 0; index < 64_000; index++) {
    const { slot, name } = hashOf("key", `user-${index}`);
    assert.ok(name.startsWith(`halley:{s${slot}}:`));
    counts[slot]++;
    names.add(name);
  }
  assert.equal(names.size, 64_000);
  assert.ok(Math.min(...counts) > 700 && Math.max(...counts) < 1_300, String(counts));
  assert.notEqual(hashOf("key", "1").name, hashOf("mid", "1").name);
});

test("parseRow() reads what fieldOf() and otherOf() wrote", () => {
  const sessions: ConnectionRef[] = [
    { server: "a@b c~1", connectionId: 4_294_967_296, mid: -(2n ** 63n), key: 'k 1 "2"\n\ud800' },
    { server: "a~1", connectionId: 0, mid: 0n, key: "" },
  ];
  for (const session of sessions) {
    for (const index of ["key", "mid"] as const) {
      const of = index === "key" ? session.key : String(session.mid);
      const value = `12 1700000000000 ${otherOf(index, session)}`;
      assert.deepEqual(parseRow(index, of, fieldOf(session), value), { rank: 12, session });
    }
  }
});
