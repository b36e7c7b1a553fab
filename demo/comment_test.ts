import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  bodyBytesMax,
  type Comment,
  commentBody,
  lettersLeft,
  readComment,
  readLike,
} from "./comment.ts";

const comment: Comment = { text: "hello", colour: "#ff8800", place: "top", name: "Ada" };

describe("readComment()", () => {
  test("reads what commentBody() made", () => {
    assert.deepEqual(readComment(commentBody(comment)), comment);
  });

  test("takes plain text as a comment that flies", () => {
    const expected = { text: "hello, room", colour: "#ffffff", place: "roll", name: "" };
    assert.deepEqual(readComment("hello, room"), expected);
  });

  test("leaves markup as it is, for it is shown as text", () => {
    const text = `<img src=x onerror="alert(1)">&lt;<script>1</script>`;
    assert.equal(readComment({ t: text })?.text, text);
  });

  const unreadable: readonly unknown[] = [
    undefined,
    null,
    5,
    true,
    [],
    {},
    "",
    " \n\t ",
    { t: 5 },
    { t: "" },
    { t: { t: "x" } },
    { t: "\u200b\u202e\u2066\ufeff" },
    { t: "\u0301\u0302" },
    { t: "\u3164\u2800" },
  ];
  for (const body of unreadable) {
    test(`has nothing to show of ${JSON.stringify(body)}`, () => {
      assert.equal(readComment(body), undefined);
    });
  }

  test("replaces a colour, a place and a name that are none", () => {
    for (const c of ["red", "#fff", "#12345g", "url(//x)", "#ffffff;background:red", 7, null]) {
      const read = readComment({ t: "x", c, p: "javascript:", n: 5 });
      assert.deepEqual(read, { text: "x", colour: "#ffffff", place: "roll", name: "" });
    }
  });

  test("makes one line of a text with breaks and control characters", () => {
    assert.equal(readComment({ t: "a\r\nb\u0000c\u2028d\u0085" })?.text, "a b c d");
  });

  test("cuts a text and a name between letters", () => {
    const read = readComment({ t: "𝒳".repeat(4_000), n: "n".repeat(100) });
    assert.deepEqual([...read!.text].length, 200);
    assert.ok(read!.text.endsWith("𝒳…"));
    assert.equal(read!.name, `${"n".repeat(19)}…`);
  });
});

describe("lettersLeft()", () => {
  test("counts letters, not units", () => {
    assert.equal(lettersLeft({ ...comment, text: "" }), 80);
    assert.equal(lettersLeft({ ...comment, text: "弹幕🚀" }), 77);
    assert.equal(lettersLeft({ ...comment, text: "x".repeat(83) }), -3);
  });

  test("is negative where the room would not take the body", () => {
    const wide = { ...comment, text: "🚀".repeat(80), name: "🚀".repeat(20) };
    assert.ok(new TextEncoder().encode(JSON.stringify(commentBody(wide))).length <= bodyBytesMax);
    assert.ok(lettersLeft(wide) >= 0);
    const escaped = { ...comment, text: '"'.repeat(80), name: '"'.repeat(20) };
    assert.ok(lettersLeft(escaped) >= 0);
    const lone = { ...comment, text: "\ud800".repeat(80) };
    assert.ok(lettersLeft(lone) < 0);
  });
});

test("readLike() takes one heart of a message, and none of anything else", () => {
  assert.equal(readLike({ like: 1 }), 1);
  for (const body of [{ like: 1000 }, { like: "1" }, "1", 1, null, undefined, []]) {
    assert.equal(readLike(body), 0);
  }
});
