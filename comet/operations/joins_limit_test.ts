import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roomDefaults } from "../../protocol/room_options.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import { TestComet } from "../../tests/support/test_comet.ts";

const EXTRAS = { features: ["rooms"] };
const rooms = [{ ...roomDefaults, type: "kept", historySize: 10 }];

/** What a client may do at once at 2 a second. */
const BURST = 20;

/** Sends something so many times, and gives the code or the room of each answer. */
async function answers(
  comet: TestComet,
  client: MemoryClient,
  count: number,
  op: number,
  body: (at: number) => string,
): Promise<unknown[]> {
  for (let at = 0; at < count; at++) client.send(op, at, body(at));
  await comet.settle();
  return client.frames().map(({ body }) => {
    const text = body.toString();
    if (!text.startsWith("{")) return text;
    const { code, retry_ms } = JSON.parse(text);
    return retry_ms === undefined ? code : [code, retry_ms];
  });
}

async function setUp() {
  const comet = await TestComet.start({ joinsMax: 2, rooms, roomsMax: 256 });
  return { comet, client: await comet.open({ extras: EXTRAS, room: "a://0" }) };
}

describe("The rate of a connection's joins", () => {
  it("lets a burst of joins through, then one after the other, and says when", async () => {
    const { comet, client } = await setUp();
    const join = (at: number) => JSON.stringify({ room: `b://${comet.clock.monotonicMs()}-${at}` });
    const first = await answers(comet, client, BURST + 2, 64, join);
    const refused = [-429, 500];
    assert.deepEqual(first, [...new Array(BURST).fill(0), refused, refused]);
    await comet.advance(500);
    assert.deepEqual(await answers(comet, client, 2, 64, join), [0, refused]);
    assert.equal(comet.counters.joinsTooMany, 3);
    assert.equal(client.closed, false);
  });

  it("counts history, and what is refused for itself does not count", async () => {
    const { comet, client } = await setUp();
    assert.deepEqual(await answers(comet, client, 1, 68, () => '{"room":"x://1"}'), [-404]);
    const history = () => '{"room":"kept://1","last":1}';
    const codes = await answers(comet, client, BURST + 1, 68, history);
    assert.deepEqual([codes.slice(0, BURST), codes[BURST]], [
      new Array(BURST).fill(0),
      [-429, 500],
    ]);
  });

  it("keeps who changes rooms where it is, as goim's clients understand it", async () => {
    const { comet, client } = await setUp();
    const rooms = await answers(comet, client, BURST + 2, 12, (at) => `a://${at + 1}`);
    const last = `a://${BURST}`;
    assert.deepEqual(rooms.slice(-3), [last, last, last]);
    const [channel] = comet.channels();
    assert.equal(channel.roomKey, last);
    // Leaving is always possible.
    assert.deepEqual(await answers(comet, client, 1, 12, () => ""), [""]);
    assert.equal(channel.roomKey, "");
  });

  it("is each connection's own, and none at 0", async () => {
    const { comet, client } = await setUp();
    const hop = (at: number) => `a://${at}`;
    await answers(comet, client, BURST, 12, hop);
    const other = await comet.open({ key: "b" });
    assert.deepEqual(await answers(comet, other, 1, 12, hop), ["a://0"]);
    const free = await TestComet.start({ joinsMax: 0 });
    const hopper = await free.open();
    assert.equal((await answers(free, hopper, 300, 12, hop)).at(-1), "a://299");
  });
});
