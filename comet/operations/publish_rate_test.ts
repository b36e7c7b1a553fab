import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { roomDefaults, type RoomOptions } from "../../protocol/room_options.ts";
import type { MemoryClient } from "../../tests/support/memory_client.ts";
import {
  TestComet,
  type TestCometOptions,
  type TokenFields,
} from "../../tests/support/test_comet.ts";

const EXTRAS = { features: ["rooms"] };

/** A comet, and a client in `live://1` that knows operation 70. */
async function setUp(options: TestCometOptions) {
  const comet = await TestComet.start(options);
  const client = await comet.open({ extras: EXTRAS });
  return { comet, logic: comet.logic, client };
}

describe("The rate of a connection's messages", () => {
  const message = '{"room":"live://1","body":1}';
  const codes = async (comet: TestComet, client: MemoryClient, count: number) => {
    for (let seq = 0; seq < count; seq++) client.send(70, seq, message);
    await comet.settle();
    return client.frames().map(({ body }) => {
      const { code, retry_ms } = JSON.parse(body.toString());
      return retry_ms ?? code;
    });
  };

  it("lets a burst through, then one after the other, and says when the next may come", async () => {
    const { comet, logic, client } = await setUp({ publishRate: 5, publishBurst: 3 });
    assert.deepEqual(await codes(comet, client, 5), [0, 0, 0, 200, 200]);
    await comet.advance(199);
    assert.deepEqual(await codes(comet, client, 1), [1]);
    await comet.advance(1);
    assert.deepEqual(await codes(comet, client, 2), [0, 200]);
    await comet.advance(10_000);
    assert.deepEqual(await codes(comet, client, 4), [0, 0, 0, 200]);
    assert.equal(logic.published.length, 7);
    assert.deepEqual([comet.counters.publishesTooMany, comet.counters.badRequests], [5, 0]);
  });

  it("never says 0 for a part of a millisecond", async () => {
    const { comet, client } = await setUp({ publishRate: 3, publishBurst: 1 });
    assert.deepEqual(await codes(comet, client, 2), [0, 334]);
    await comet.advance(333);
    assert.deepEqual(await codes(comet, client, 1), [1]);
    await comet.advance(1);
    assert.deepEqual(await codes(comet, client, 1), [0]);
  });

  it("is each connection's own, and no message that is refused for itself counts", async () => {
    const { comet, client } = await setUp({ publishRate: 1, publishBurst: 1 });
    const other = await comet.open({ key: "b", extras: EXTRAS });
    for (const wrong of ["{}", '{"room":"live://2","body":1}', '{"room":"live://1"}']) {
      client.send(70, 1, wrong);
    }
    assert.deepEqual(await codes(comet, client, 2), [-400, -403, -400, 0, 1_000]);
    assert.deepEqual(await codes(comet, other, 2), [0, 1_000]);
  });

  it("lets one who sends within it go on after the process stood still, and no more", async () => {
    const { comet, client } = await setUp({ publishRate: 5, publishBurst: 10 });
    assert.equal((await codes(comet, client, 10)).at(-1), 0);
    // Nothing ran for 15 s, during which the client sent one a second, or a hundred.
    comet.clock.advance(15_000);
    assert.deepEqual(await codes(comet, client, 10), new Array(10).fill(0));
    comet.clock.advance(15_000);
    const answers = await codes(comet, client, 100);
    assert.deepEqual(answers.filter((answer) => answer === 0).length, 10);
    assert.equal(comet.counters.tooManyOperations, 0);
  });
});

describe("goim's operation 4", () => {
  /** Operation 4 so many times, and what operation 5 says. */
  async function send(upstream: RoomOptions["upstream"], fields: TokenFields, body = "hi") {
    const rooms = [{ ...roomDefaults, type: "live", upstream, messageBytesMax: 4 }];
    const comet = await TestComet.start({ rooms, publishRate: 1, publishBurst: 1 });
    const client = await comet.open(fields);
    client.send(4, 1, body);
    client.send(4, 2, body);
    await comet.settle();
    return { comet, lines: client.lines() };
  }
  const refusal = '{"code":-429,"message":"too many messages of this connection","retry_ms":1000}';

  it("passes the same limits where it is pushed, and says so in operation 5", async () => {
    for (const upstream of ["publish", "webhook", "off"] as const) {
      for (const extras of [undefined, EXTRAS]) {
        const { comet, lines } = await send(upstream, { extras });
        assert.deepEqual(lines, ["5:1:", `5:2:${refusal}`]);
        assert.deepEqual([comet.logic.published.length, comet.counters.publishesTooMany], [1, 1]);
      }
      const { lines } = await send(upstream, {}, "12345");
      const message = "a message must be at most 4 bytes, current length is 5";
      const wrong = JSON.stringify({ code: -400, message });
      assert.deepEqual(lines, [`5:1:${wrong}`, `5:2:${wrong}`]);
    }
  });

  it("is answered -500 where logic cannot be asked, but in rooms as in goim", async () => {
    for (const upstream of ["publish", "webhook", "off", "log"] as const) {
      const rooms = [{ ...roomDefaults, type: "live", upstream }];
      const comet = await TestComet.start({ rooms });
      const client = await comet.open();
      comet.logic.holds.add("receive").add("publish");
      client.send(4, 1, "x");
      await comet.settle();
      const [held] = [...comet.logic.receives, ...comet.logic.publishes];
      held.reject(new Error("logic is away"));
      await comet.settle();
      const failed = '{"code":-500,"message":"the server failed, try again"}';
      assert.deepEqual(client.lines(), [upstream === "log" ? "5:1:" : `5:1:${failed}`]);
      const { receiveFailures, requestFailures } = comet.counters;
      assert.deepEqual([receiveFailures, requestFailures], upstream === "log" ? [1, 0] : [0, 1]);
    }
  });

  it("is as in goim where it is not, in other rooms and in none", async () => {
    const { comet, lines } = await send("log", {}, "12345");
    assert.deepEqual([lines, comet.logic.received.length], [["5:1:", "5:2:"], 2]);
    for (const room of ["chat://1", ""]) {
      const { lines } = await send("publish", { room }, "12345");
      assert.deepEqual(lines, ["5:1:", "5:2:"]);
    }
  });
});
