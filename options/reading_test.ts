import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { choice, decimal, integer, text } from "./kinds.ts";
import { merge, Reading } from "./reading.ts";

const options = {
  name: text({
    name: "name",
    default: ({ hostname }) => hostname(),
    placeholder: "NAME",
    range: "a word",
    form: /^\w+$/,
    text: "Name",
  }),
  count: integer({ name: "count", default: 3, min: 1, max: 9, text: "How many" }),
  share: decimal({
    name: "share",
    default: 10,
    min: 0,
    max: 100,
    unit: "%",
    text: "Which part",
  }),
  color: choice({ name: "color", default: "red", words: ["red", "blue"], text: "Color" }),
} as const;

function flags(line: string): Reading {
  const reading = new Reading(options);
  reading.readFlags(line.split(" "));
  return reading;
}

const machine = { hostname: () => "here" };

describe("merge()", () => {
  test("prefers the first reading that has a value, and falls back to the default", () => {
    const first = flags("--count 5 --share 12.5%");
    const second = flags("--count=6 --color blue");
    const { values, given } = merge(options, [first, second], machine);
    assert.deepEqual(values, { name: "here", count: 5, share: 12.5, color: "blue" });
    assert.deepEqual(given("color"), { value: "blue", place: "--color", origin: "--color" });
    assert.equal(given("name"), undefined);
  });

  test("asks the machine only for what nobody gave", () => {
    const silent = {
      hostname(): string {
        throw new Error("denied");
      },
    };
    assert.equal(merge(options, [flags("--name a")], silent).values.name, "a");
    assert.throws(() => merge(options, [flags("--count 1")], silent), { message: "denied" });
  });
});

test("Reading.readFlags() says of every flag what is wrong with it", () => {
  assert.deepEqual(
    flags("--count 10 --share 1/s --colour red --color green more --name").mistakes,
    [
      "--count = 10: must be a whole number, 1 to 9",
      '--share = "1/s": must be a number, 0 to 100',
      '--colour: there is no such flag; did you mean "--color"?',
      '--color = "green": must be one of red, blue',
      'unexpected argument "more"',
      "--name: needs a value",
    ],
  );
});
