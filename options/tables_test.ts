import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { parse } from "smol-toml";
import { choice, duration, text } from "./kinds.ts";
import { Reading } from "./reading.ts";
import { tables } from "./tables.ts";

const lanes = tables({
  name: "lanes",
  unique: "name",
  rows: {
    name: text({ name: "name", placeholder: "NAME", range: "a word", form: /^\w+$/, text: "Name" }),
    kind: choice({ name: "kind", default: "fast", words: ["fast", "slow"], text: "Kind" }),
    pauseMs: duration({ name: "pause", default: 500, minMs: 0, maxMs: 60_000, text: "Pause" }),
  },
});

function read(toml: string): Reading {
  const reading = new Reading({ lanes });
  reading.take("lanes", parse(toml).lanes, "a.toml: [[lanes]]", "a.toml");
  return reading;
}

describe("tables()", () => {
  const three = `
    [[lanes]]
    name = "a"
    [[lanes]]
    name = "b"
    kind = "slow"
    pause = "2m"
    [[lanes]]
    nme = "c"
    pause = 3`;

  test("gives the values of each table, with defaults for what it leaves out", () => {
    const reading = read('[[lanes]]\nname = "a"\n[[lanes]]\nname = "b"\nkind = "slow"');
    assert.deepEqual(reading.mistakes, []);
    assert.deepEqual(reading.given.get("lanes"), {
      value: [
        { name: "a", kind: "fast", pauseMs: 500 },
        { name: "b", kind: "slow", pauseMs: 500 },
      ],
      place: "a.toml: [[lanes]]",
      origin: "a.toml",
    });
    assert.deepEqual(read("lanes = []").given.get("lanes")?.value, []);
  });

  test("says of every mistake in which table it is, and at which key", () => {
    assert.deepEqual(read(three).mistakes, [
      'a.toml: [[lanes]] #2: pause = "2m": must be a duration of 0ms to 1m',
      'a.toml: [[lanes]] #3: nme: there is no such key; did you mean "name"?',
      "a.toml: [[lanes]] #3: name must be given: a word",
      "a.toml: [[lanes]] #3: pause = 3: must be a duration of 0ms to 1m",
    ]);
  });

  test("wants no two tables with the same value where that tells them apart", () => {
    const names = ["a", "b", "a", "!", "b"].map((name) => `[[lanes]]\nname = "${name}"`);
    assert.deepEqual(read(names.join("\n")).mistakes, [
      'a.toml: [[lanes]] #3: name = "a": #1 has it already',
      'a.toml: [[lanes]] #4: name = "!": must be a word',
      'a.toml: [[lanes]] #5: name = "b": #2 has it already',
    ]);
  });

  test("says how tables are written to who wrote something else", () => {
    for (const toml of ['[lanes]\nname = "a"', "lanes = 3", "lanes = [3]"]) {
      assert.deepEqual(read(toml).mistakes, [
        "a.toml: [[lanes]] must be tables, each written [[lanes]]",
      ]);
    }
  });

  test("writes what it reads", () => {
    const value = [{ name: "a", kind: "slow", pauseMs: 1_500 }] as const;
    const toml = `lanes = ${lanes.toToml(value)}`;
    assert.equal(toml, 'lanes = [{ name = "a", kind = "slow", pause = "1500ms" }]');
    assert.deepEqual(read(toml).given.get("lanes")?.value, value);
  });
});
