import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { RpcMethod } from "../protocol/cluster/calls.ts";
import { concatFrames } from "../protocol/frame.ts";
import { RpcError } from "../protocol/rpc.ts";
import { RpcOperation } from "../rpc/frames.ts";
import { goldenMessages, membersOf, recordings } from "./support/golden_messages.ts";
import { hex } from "./support/protocol.ts";

/** What a version after this one may say. */
const unknown = ["fe 00000000", "ff 00000003 010203"].map(hex);

/** As much of a value as was there when it was recorded: objects have grown, some from nothing. */
function asRecorded(value: unknown, recorded: unknown): unknown {
  if (recorded === undefined) return undefined;
  if (Array.isArray(recorded) && Array.isArray(value)) {
    return value.map((item, index) => asRecorded(item, recorded[index]));
  }
  if (recorded === null || Object.getPrototypeOf(recorded ?? 0) !== Object.prototype) return value;
  const members = Object.keys(recorded as object).map((name) => {
    const member = (value as Record<string, unknown>)[name];
    return [name, asRecorded(member, (recorded as Record<string, unknown>)[name])];
  });
  return Object.fromEntries(members);
}

const all = await recordings();

describe("the recorded messages between roles", () => {
  for (const { name, decode } of goldenMessages) {
    test(`are read as what they were: ${name}`, () => {
      const recorded = all.filter((recording) => recording.name === name);
      assert.ok(recorded.length > 0, "record it: see tests/support/golden_messages.ts");
      for (const { bytes, value } of recorded) {
        assert.deepEqual(asRecorded(decode(bytes), value), value);
      }
    });
  }

  test("are all of messages that there still are", () => {
    const names = goldenMessages.map(({ name }) => name);
    assert.deepEqual(all.filter(({ name }) => !names.includes(name)), []);
  });
});

test("methods and the RPC's operations have the numbers that earlier versions know", () => {
  const logic = { connect: 1, disconnect: 2, receive: 3, report: 4, register: 5, unregister: 6 };
  const sessions = { renew: 7, authorizeJoin: 8, undoConnect: 9, renewAuth: 12, probe: 15 };
  const comet = { deliver: 20, close: 21, closeRoom: 13, watch: 22, renewWatch: 23 };
  const job = { addRooms: 30, removeRooms: 31 };
  assert.deepEqual(RpcMethod, { ...RpcMethod, ...logic, ...sessions, ...comet, ...job });
  assert.equal(new Set(Object.values(RpcMethod)).size, Object.keys(RpcMethod).length);
  assert.deepEqual(RpcOperation, { ok: 0, failure: -1, ping: -2, pong: -3, hello: -4 });
});

describe("a message between roles", () => {
  test("is read as the same with members added, wherever they stand", () => {
    for (const { name, canGrow, encode, decode, sample } of goldenMessages) {
      if (!canGrow) continue;
      const members = membersOf(encode(sample));
      for (let index = 0; index <= members.length; index++) {
        const more = concatFrames(members.toSpliced(index, 0, ...unknown));
        assert.deepEqual(decode(more), sample, name);
      }
    }
  });

  test("is read without a member that has a default, or refused as a bad request", () => {
    let defaults = 0;
    let refused = 0;
    for (const { name, canGrow, encode, decode, sample } of goldenMessages) {
      if (!canGrow || name === "failure" || name.endsWith("hello")) continue;
      const members = membersOf(encode(sample));
      for (const index of members.keys()) {
        try {
          const value = decode(concatFrames(members.toSpliced(index, 1)));
          assert.notDeepEqual(value, sample, name);
          defaults++;
        } catch (error) {
          assert.ok(error instanceof RpcError && error.code === "bad-request", `${error}`);
          assert.match(error.message, /^Cannot read body: "\w+" is missing$/);
          refused++;
        }
      }
    }
    assert.ok(defaults >= 20 && refused >= 20, `${defaults} defaults, ${refused} refused`);
  });

  test("has a version where it cannot grow", () => {
    const { encode, decode, sample } = goldenMessages.find(({ canGrow }) => !canGrow)!;
    const body = encode(sample).slice();
    assert.deepEqual(decode(body), sample);
    body[0]++;
    assert.throws(() => decode(body), { code: "bad-request", message: /version must be 1, .* 2$/ });
  });
});
