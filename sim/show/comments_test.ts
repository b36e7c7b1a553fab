import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { utf8 } from "../../tests/support/websocket_frames.ts";
import { messageOf, nameOf, readMessage } from "./comments.ts";
import type { Act } from "./show.ts";

const comment: Act = {
  atMs: 0,
  client: 3,
  kind: "comment",
  mood: "goal",
  pick: 0,
  repliesTo: undefined,
};
const tag = { tag: 2 ** 32 - 1, number: 2 ** 40, dueMs: 1_700_000_000_000 };

/** Many comments, each with another pick. */
function many(differing: Partial<Act> = {}): { t: string; c: string; p: string; n: string }[] {
  const prng = seededPrng(11);
  return Array.from(
    { length: 1_000 },
    () => messageOf({ ...comment, ...differing, pick: prng.nextUint32() }, tag) as never,
  );
}

describe("messageOf()", () => {
  it("is a comment of the demo page, with the author's name", () => {
    const { sim: _, ...said } = messageOf(comment, tag);
    assert.deepEqual(said, { t: "GOAL!!!", c: "#ffcc00", p: "top", n: "Dana3" });
  });

  it("says who is answered", () => {
    const { t } = messageOf({ ...comment, repliesTo: 28 }, tag);
    assert.equal(t, `@${nameOf(28)} GOAL!!!`);
    assert.equal(nameOf(28), "Chidi28");
  });

  it("is a like that says no more", () => {
    const { sim: _, ...said } = messageOf({ ...comment, kind: "like" }, tag);
    assert.deepEqual(said, { like: 1 });
  });

  it("has many texts, most of them white and rolling, some of each colour and place", () => {
    for (const mood of ["quiet", "goal", "joke", "song", "surprise", "applause"] as const) {
      assert.ok(new Set(many({ mood }).map(({ t }) => t)).size > 10, mood);
    }
    const share = (holds: (one: { c: string; p: string }) => boolean) =>
      many().filter(holds).length / 1_000;
    assert.equal(new Set(many().map(({ c }) => c)).size, 7);
    assert.ok(share(({ c }) => c === "#ffffff") > 0.6);
    assert.ok(share(({ p }) => p === "roll") > 0.8);
    for (const place of ["top", "bottom"]) assert.ok(share(({ p }) => p === place) > 0.02, place);
  });

  it("fits into a demo room, whatever it says", () => {
    for (const mood of ["quiet", "goal", "joke", "song", "surprise", "applause"] as const) {
      for (const one of many({ mood, client: 9_999_999, repliesTo: 9_999_998 })) {
        assert.ok(utf8(JSON.stringify(one)).length < 300, JSON.stringify(one));
        assert.ok([...one.t].length <= 100);
      }
    }
  });
});

describe("readMessage()", () => {
  const body = (act: Act) => utf8(JSON.stringify(messageOf(act, tag)));

  it("knows the messages of the simulator again", () => {
    for (const act of [comment, { ...comment, kind: "like" } as const]) {
      assert.deepEqual(readMessage(body(act)), tag);
    }
  });

  it("knows nothing of what others say, or of what was changed", () => {
    const text = JSON.stringify(messageOf(comment, tag));
    for (
      const other of [
        '{"t":"hi"}',
        "",
        "hi",
        '{"like":1}',
        '{"t":"hi","sim":[1,2]}',
        '{"sim":[1,2,3,4]}',
        text.replace("GOAL", "goal"),
        text.slice(0, -1),
      ]
    ) {
      assert.equal(readMessage(utf8(other)), undefined, other);
    }
    assert.equal(readMessage(Uint8Array.of(0xff, 0, 0x80)), undefined);
  });
});
