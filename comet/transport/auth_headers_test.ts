import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TestComet } from "../../tests/support/test_comet.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { UPGRADE } from "../../tests/support/memory_client.ts";
import { AUTH_HEADER_BYTES_MAX } from "./auth_headers.ts";

/** An upgrade with some more field lines. */
function upgrade(...lines: readonly string[]): Uint8Array {
  const text = new TextDecoder().decode(UPGRADE).replace(/\r\n$/, "");
  return Uint8Array.from(
    `${text}${lines.map((line) => `${line}\r\n`).join("")}\r\n`,
    (character) => character.charCodeAt(0),
  );
}

/** A comet that keeps two headers, and what happened to a client's upgrade. */
async function setUp(...lines: readonly string[]) {
  const comet = await TestComet.start({ authHeaders: ["cookie", "x-team"] });
  comet.logic.holds.add("connect");
  const client = await comet.connectWebSocket();
  client.write(upgrade(...lines));
  await comet.settle();
  const head = client.take().toString("latin1");
  return { comet, client, head };
}

async function asked(comet: TestComet, client: MemoryClient) {
  client.sendBinary(7, 1, "{}");
  await comet.settle();
  const { request, resolve } = comet.logic.connects[0];
  return { headers: request.headers, resolve };
}

describe("headers that auths are asked with", () => {
  it("are those that are named, as they came, over one line or several", async () => {
    const lines = ["Cookie: a=1", "X-TEAM: r\xf6d", "x-other: no", "cookie: b=2", "X-Team: blue"];
    const { comet, client } = await setUp(...lines);
    const { headers } = await asked(comet, client);
    assert.deepEqual(headers, { cookie: "a=1; b=2", "x-team": "r\xf6d, blue" });
  });

  it("are none where none came, over TCP, and where none are named", async () => {
    const { comet, client } = await setUp("x-other: no");
    assert.equal((await asked(comet, client)).headers, undefined);
    const tcp = await comet.connect();
    tcp.send(7, 1, "{}");
    await comet.settle();
    assert.equal(comet.logic.connects[1].request.headers, undefined);
    const plain = await TestComet.start();
    const other = await plain.connectWebSocket();
    other.write(upgrade("cookie: a=1"));
    await plain.settle();
    assert.equal(plain.channels()[0].headers, null);
  });

  it("are refused with 431 when they are too long, and kept up to there", async () => {
    const half = AUTH_HEADER_BYTES_MAX / 2;
    const values = ["a".repeat(half), "b".repeat(half)];
    const { comet, client } = await setUp(`cookie: ${values[0]}`, `x-team: ${values[1]}`);
    const { headers } = await asked(comet, client);
    assert.deepEqual(headers, { cookie: values[0], "x-team": values[1] });
    const longer = await setUp(`cookie: ${values[0]}`, `x-team: ${values[1]}b`);
    assert.match(longer.head, /^HTTP\/1\.1 431 Request Header Fields Too Large\r\n/);
    assert.match(longer.head, /cookie, x-team must be at most 4096 bytes\.\n$/);
    assert.equal(longer.comet.counters.protocolErrors, 1);
    assert.equal(longer.client.ended, true);
  });

  it("are forgotten after the auth, unless a renewal will be asked with them", async () => {
    for (const expiresInMs of [undefined, 5_000]) {
      const { comet, client } = await setUp("cookie: a=1");
      const { resolve } = await asked(comet, client);
      const identity = { mid: 1n, key: "k", room: "", accepts: [], asksJoins: false };
      resolve({ ...identity, expiresInMs });
      await comet.settle();
      const kept = expiresInMs === undefined ? null : { cookie: "a=1" };
      assert.deepEqual(comet.channels()[0].headers, kept);
      if (kept === null) continue;
      comet.logic.holds.add("renewAuth");
      client.sendBinary(7, 2, "{}");
      await comet.settle();
      assert.deepEqual(comet.logic.renewals[0].request.headers, kept);
      comet.logic.renewals[0].resolve({});
      await comet.settle();
      assert.equal(comet.channels()[0].headers, null);
    }
  });
});
