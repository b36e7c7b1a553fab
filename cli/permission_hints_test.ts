import { test } from "node:test";
import assert from "node:assert/strict";
import { deniedAdvice } from "./permission_hints.ts";

function denial(message: string): Error {
  const error = new Error(message);
  error.name = "NotCapable";
  return error;
}

test("deniedAdvice() names the flags to add, from the causes too", () => {
  const net = denial(
    'Requires net access to "10.0.0.5:3101", run again with the --allow-net flag',
  );
  const expected = 'Deno denies net access to "10.0.0.5:3101"; add --allow-net=10.0.0.5:3101';
  assert.equal(deniedAdvice(net), expected);
  assert.equal(deniedAdvice(new Error("Cannot listen", { cause: net })), expected);
  const env = denial("Requires env access, run again with the --allow-env flag");
  assert.equal(deniedAdvice(env), "Deno denies env access; add --allow-env");
  const write = denial('Requires write access to "/srv/d", run again with the --allow-write flag');
  assert.equal(
    deniedAdvice(write),
    'Deno denies write access to "/srv/d"; add --allow-read=/srv/d --allow-write=/srv/d',
  );
  assert.equal(deniedAdvice(denial("some other words\nmore")), "some other words");
});

test("deniedAdvice() leaves other errors alone", () => {
  assert.equal(deniedAdvice(new Error("address already in use")), undefined);
  assert.equal(deniedAdvice("Requires net access"), undefined);
});
