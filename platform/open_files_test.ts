import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { parseOpenFilesMax, parseOpenMax } from "./open_files.ts";

describe("parseOpenFilesMax()", () => {
  const limits = (soft: string) =>
    `Limit                     Soft Limit           Hard Limit           Units
Max processes             31000                31000                processes
Max open files            ${soft.padEnd(20)} 1048576              files
Max locked memory         8388608              8388608              bytes
`;

  it("reads the soft limit", () => {
    assert.equal(parseOpenFilesMax(limits("20000")), 20_000);
  });

  it("says nothing where there is no limit or another text", () => {
    assert.equal(parseOpenFilesMax(limits("unlimited")), undefined);
    assert.equal(parseOpenFilesMax(""), undefined);
  });
});

test("parseOpenMax() reads a number and nothing else", () => {
  assert.equal(parseOpenMax("20000\n"), 20_000);
  assert.equal(parseOpenMax("undefined\n"), undefined);
  assert.equal(parseOpenMax(""), undefined);
});
