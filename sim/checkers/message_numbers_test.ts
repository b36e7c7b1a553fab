import assert from "node:assert/strict";
import { it } from "node:test";
import { MessageNumbers } from "./message_numbers.ts";

it("MessageNumbers holds the first that came at each offset, by room and epoch", () => {
  const numbers = new MessageNumbers();
  assert.deepEqual([numbers.rooms, numbers.at(0, "e", 1), numbers.epochsOf(0).size], [
    [],
    undefined,
    0,
  ]);
  assert.equal(numbers.note(0, "e", 2, 7), 7);
  assert.equal(numbers.note(0, "e", 2, 8), 7);
  assert.equal(numbers.note(0, "f", 2, 8), 8);
  assert.equal(numbers.note(3, "e", 2, 9), 9);
  assert.deepEqual([numbers.at(0, "e", 2), numbers.at(0, "e", 1), numbers.at(3, "e", 2)], [
    7,
    undefined,
    9,
  ]);
  assert.deepEqual([numbers.rooms, [...numbers.epochsOf(0).keys()]], [[0, 3], ["e", "f"]]);
});
