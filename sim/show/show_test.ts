import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Act, actsOf, type ShowPlan } from "./show.ts";
import { wavesOf } from "./waves.ts";

const plan: ShowPlan = { seed: 7, clients: 200, ratePerS: 20, durationMs: 60_000 };

const waves = wavesOf(plan.seed, plan.durationMs);

function acts(differing: Partial<ShowPlan> = {}): Act[] {
  return [...actsOf({ ...plan, ...differing })];
}

/** How many messages there are in each second of a show. */
function perSecond(all: readonly Act[]): number[] {
  const counts = new Array<number>(plan.durationMs / 1_000).fill(0);
  for (const { atMs, kind } of all) {
    if (kind === "comment" || kind === "like") counts[Math.floor(atMs / 1_000)]++;
  }
  return counts;
}

describe("actsOf()", () => {
  it("is the same for the same seed, and another for another", () => {
    assert.deepEqual(acts(), acts());
    assert.notDeepEqual(acts(), acts({ seed: 8 }));
  });

  it("is in order, within the show, and of its clients", () => {
    for (const durationMs of [1_000, 3_000, 60_000]) {
      let beforeMs = 0;
      for (const { atMs, client } of acts({ durationMs })) {
        assert.ok(beforeMs <= atMs && atMs < durationMs, `${atMs} after ${beforeMs}`);
        assert.ok(Number.isInteger(atMs) && client >= 0 && client < plan.clients);
        beforeMs = atMs;
      }
    }
  });

  it("has as many messages as the rate says, beside floods", () => {
    const all = acts().filter(({ kind }) => kind === "comment" || kind === "like");
    const floods = waves.length * 24;
    assert.ok(Math.abs(all.length - floods - 1_200) < 24, `${all.length} with ${floods}`);
    assert.equal(acts({ ratePerS: 0 }).filter(({ kind }) => kind === "like").length, 0);
  });

  it("comes in waves: far more is written when something happens", () => {
    const counts = perSecond(acts());
    const quiet = counts.toSorted((one, other) => one - other)[15];
    for (const { atMs } of waves) {
      const wave = counts[Math.floor(atMs / 1_000) + 1];
      assert.ok(wave > 3 * quiet, `${wave} at ${atMs} ms, otherwise ${quiet}`);
    }
  });

  it("has few that write, some of them much; the others watch, and like", () => {
    const comments = new Map<number, number>();
    for (const { kind, client } of acts()) {
      if (kind === "comment") comments.set(client, (comments.get(client) ?? 0) + 1);
    }
    assert.ok(comments.size > 20 && comments.size < 100, `${comments.size} write`);
    const counts = [...comments.values()].sort((one, other) => other - one);
    assert.ok(counts[0] > 5 * counts[counts.length >> 1], `${counts}`);
    const likers = new Set(
      acts().filter(({ kind }) => kind === "like").map(({ client }) => client),
    );
    assert.ok(likers.size > 100, `${likers.size} like`);
  });

  it("has replies to those who have written", () => {
    const writers = new Set<number>();
    let replies = 0;
    for (const { kind, client, repliesTo } of acts()) {
      if (repliesTo !== undefined) {
        replies++;
        assert.ok(kind === "comment" && writers.has(repliesTo));
      }
      if (kind === "comment") writers.add(client);
    }
    assert.ok(replies > 20, `${replies}`);
  });

  it("brings back everyone who goes, later and before the end", () => {
    const away = new Map<number, number>();
    let gone = 0;
    for (const { atMs, kind, client } of acts()) {
      if (kind === "go") {
        assert.ok(!away.has(client));
        away.set(client, atMs);
        gone++;
      }
      if (kind === "return") {
        assert.ok(atMs > away.get(client)!);
        away.delete(client);
      }
    }
    assert.deepEqual([away.size, gone > 60], [0, true], `${gone} went`);
  });

  it("goes on with one viewer alone", () => {
    const all = acts({ clients: 1 });
    assert.ok(all.length > 1_000 && all.every(({ client }) => client === 0));
  });
});
