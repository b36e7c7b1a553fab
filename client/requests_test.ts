import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { promisesSettled } from "../base/clock.ts";
import { joinSimulated as setUp, LIVE, outcome } from "../tests/support/simulated_client.ts";
import { REQUESTS_MAX } from "./requests.ts";

describe("requests", () => {
  it("are sent a few at a time, and all of them, in order", async () => {
    const { room, run, server } = await setUp();
    const published = Array.from({ length: 100 }, (_, n) => room.publish({ n }));
    const [connection] = server.connections;
    assert.equal(connection.up.length, 8);
    await run();
    const positions = await Promise.all(published);
    assert.deepEqual(positions.map(({ offset }) => offset), positions.map((_, index) => index + 1));
  });

  it("that are too many, or too long, fail at once", async () => {
    const { room, client } = await setUp();
    const waiting = Array.from({ length: REQUESTS_MAX }, () => outcome(room.publish("hi")));
    assert.deepEqual(await outcome(room.publish("hi")), [-429, "too many wait", undefined]);
    const tooLong = [-400, "more than 4096 bytes", undefined];
    assert.deepEqual(await outcome(room.publish("ü".repeat(2_048))), tooLong);
    await assert.rejects(room.publish(1n), TypeError);
    client.close();
    await Promise.all(waiting);
  });

  it("are tried again over other connections with the same id, for as long as they may", async () => {
    const { room, server, environment, run, reconnect } = await setUp();
    const published = room.publish(new Uint8Array([104, 255]), { id: "mine", op: 7, mediaMs: 5 });
    server.publishFaults.push("stored", "failed");
    const [connection] = server.connections;
    const sent = connection.up[0];
    assert.match(
      sent,
      /"body":\{"room":"live:\/\/1","op":7,"media_ms":5,"id":"mine","body_base64":"aP8="\}/,
    );
    connection.say();
    await reconnect();
    const { epoch } = server.logs.get(LIVE)!;
    assert.deepEqual(await published, { epoch, offset: 1, reply: undefined });
    const slow = outcome(room.publish("slow"));
    server.publishFaults[0] = "limited";
    await run();
    assert.deepEqual(await slow, [-429, "slow down", 700]);
    const late = outcome(room.publish("late"));
    environment.clock.advance(9_999);
    await promisesSettled();
    environment.clock.advance(1);
    assert.deepEqual(await late, [-408, "no answer in time", undefined]);
    server.publishFaults.push("failed", "failed", "failed");
    const again = outcome(room.publish("again"));
    for (let turn = 0; turn < 5; turn++) {
      await run();
      environment.clock.advance(1_000);
    }
    assert.ok("offset" in (await again as object));
  });

  it("leave no timer behind, and wait four minutes at most", async () => {
    const { room, environment: { clock }, run, client } = await setUp({}, {
      publishTimeoutMs: Infinity,
    });
    clock.advance(2_000);
    const before = clock.pending;
    const published = room.publish("hi");
    await run();
    assert.deepEqual([(await published).offset, clock.pending], [1, before]);
    const late = outcome(room.publish("late"));
    clock.advance(240_000);
    assert.deepEqual(await late, [-408, "no answer in time", undefined]);
    client.close();
  });

  it("of history give what is kept, in the words of a program", async () => {
    const { room, server, run, client } = await setUp();
    for (const body of ["one", "two"]) server.publish(LIVE, body);
    server.trim(LIVE, 1);
    const asked = room.history({ after: 0 });
    const none = outcome(client.join("chat://1").history({ last: 1 }));
    await run();
    const { epoch } = server.logs.get(LIVE)!;
    const message = { offset: 2, op: 1000, timeMs: 1, mediaMs: undefined, mid: undefined };
    const messages = [{ ...message, body: "two" }];
    assert.deepEqual(await asked, { epoch, first: 2, last: 2, messages, more: false });
    assert.deepEqual(await none, [-404, "none", undefined]);
  });
});
