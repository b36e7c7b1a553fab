import { test } from "node:test";
import assert from "node:assert/strict";
import { formatBytes, formatDuration, parseBytes, parseDuration } from "./units.ts";

test("parseDuration() reads what formatDuration() writes", () => {
  const cases = [["0ms", 0], ["500ms", 500], ["8s", 8000], ["90s", 90_000], ["4m", 240_000], [
    "2h",
    7_200_000,
  ]] as const;
  for (const [text, durationMs] of cases) {
    assert.equal(parseDuration(text), durationMs);
    assert.equal(formatDuration(durationMs), text);
  }
  assert.equal(formatDuration(60_000), "1m");
});

test("parseBytes() reads what formatBytes() writes", () => {
  const cases = [["0B", 0], ["1000B", 1000], ["64KiB", 65536], ["16MiB", 2 ** 24], [
    "2GiB",
    2 ** 31,
  ]] as const;
  for (const [text, bytes] of cases) {
    assert.equal(parseBytes(text), bytes);
    assert.equal(formatBytes(bytes), text);
  }
});

test("parseDuration() and parseBytes() refuse everything else", () => {
  for (const text of ["", "8", "s", "-8s", "1.5s", "8 s", "8S", "8d", "9999999999s"]) {
    assert.equal(parseDuration(text), undefined, text);
  }
  for (const text of ["", "64", "64K", "64kb", "64KB", "-1B", "1.5MiB"]) {
    assert.equal(parseBytes(text), undefined, text);
  }
});
