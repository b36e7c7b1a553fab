import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { flagTexts, optionHelp } from "./help.ts";
import { decimal, duration, list, text, toggle } from "./kinds.ts";

const options = {
  pauseMs: duration({ name: "pause", default: 500, minMs: 0, maxMs: 60_000, text: "How long" }),
  ramp: decimal({ name: "ramp", default: 0.5, min: 0, max: 10, unit: "/s", text: "How fast" }),
  places: list({
    name: "places",
    default: [],
    defaultText: "everywhere",
    placeholder: "PLACE,...",
    range: "names",
    form: /^\w+$/,
    text: "Where",
  }),
  key: text({
    name: "key",
    default: "",
    placeholder: "KEY",
    range: "any text",
    form: /^/,
    secret: true,
    text: "Who",
  }),
  json: toggle({ name: "json", default: false, text: "Print JSON" }),
} as const;

describe("optionHelp()", () => {
  test("shows the flag, what it is for, what it may be and what it is by default", () => {
    assert.equal(
      optionHelp(options.pauseMs),
      '  --pause DURATION\n      How long\n      a duration of 0ms to 1m; default: "500ms"',
    );
    assert.match(
      optionHelp(options.places, "places", "A_PLACES"),
      /names; default: everywhere; A_PLACES$/,
    );
    assert.match(optionHelp(options.json), /^ {2}--json\n/);
  });
});

test("flagTexts() leaves out switches, secrets and what is empty", () => {
  const values = { pauseMs: 90_000, ramp: 1.5, places: [], key: "secret", json: true };
  assert.deepEqual(flagTexts(options, values), ["--pause 90s", "--ramp 1.5/s"]);
  assert.deepEqual(flagTexts(options, { ...values, places: ["a", "b"] }).at(-1), "--places a,b");
});
