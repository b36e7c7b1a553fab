import { assert } from "../../base/assert.ts";
import type { Reply } from "./store.ts";

const decoder = new TextDecoder();

/** The text of a reply that is one. */
export function textOf(reply: Reply): string {
  assert(reply instanceof Uint8Array, "a script answered text");
  return decoder.decode(reply);
}

/** The parts of a reply that has some. */
export function partsOf(reply: Reply): readonly Reply[] {
  assert(Array.isArray(reply), "a script answered a list");
  return reply;
}

/** Fields and values of a reply that lists them in turn. */
export function fieldsOf(reply: Reply): readonly (readonly [field: string, value: string])[] {
  const parts = partsOf(reply);
  const fields: [string, string][] = [];
  for (let index = 0; index < parts.length; index += 2) {
    fields.push([textOf(parts[index]), textOf(parts[index + 1])]);
  }
  return fields;
}
