import assert from "node:assert/strict";
import { it } from "node:test";
import type { Conn } from "../../platform/port.ts";
import { HttpConnection } from "./connection.ts";

it("HttpConnection reads on when nothing is left of what it kept, of which it makes one copy", () => {
  const calls: string[] = [];
  const conn = { pause: () => calls.push("pause"), resume: () => calls.push("resume") };
  const connection = new HttpConnection(conn as unknown as Conn<HttpConnection>, 0, 0);
  connection.keep(Uint8Array.of(1, 2, 3));
  const { buffer } = connection.rest!;
  connection.dropRest(2);
  assert.deepEqual(connection.rest, Uint8Array.of(3));
  assert.equal(connection.rest!.buffer, buffer);
  assert.deepEqual(calls, ["pause"]);
  connection.dropRest(1);
  assert.equal(connection.rest, null);
  assert.deepEqual(calls, ["pause", "resume"]);
});
