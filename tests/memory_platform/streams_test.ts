import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { pattern, pendingBytesMax, Probe } from "../../platform/contract/probe.ts";
import { WriteOutcome } from "../../platform/port.ts";
import { memoryPlatform } from "./mod.ts";

/** A connection on a clock that stands still, with 100 bytes of kernel buffer each way. */
async function pair() {
  const clock = new ManualClock();
  const platform = memoryPlatform({ clock, kernelBufferBytes: 100 });
  const [server, client] = [new Probe(), new Probe()];
  const hostname = "127.0.0.1";
  const options = { hostname, pendingBytesMax };
  const { address } = await platform.streams.listen({ ...options, port: 0, handler: server });
  const dialled = await platform.streams.dial({ ...options, ...address, handler: client });
  const accepted = () => server.conns[0];
  return { clock, server, client, dialled, accepted };
}

describe("Memory streams", () => {
  it("say nothing until the clock turns", async () => {
    const { clock, server, dialled, accepted } = await pair();
    assert.equal(dialled.write(pattern(10)), WriteOutcome.sent);
    assert.equal(server.conns.length, 0);
    clock.advance(0);
    assert.deepEqual(accepted().context.received(), pattern(10));
    assert.equal(clock.monotonicMs(), 0);
  });

  it("hold as much as the kernel buffer and queue the rest", async () => {
    const { clock, dialled, accepted } = await pair();
    clock.advance(0);
    accepted().pause();
    assert.equal(dialled.write(pattern(60, 1)), WriteOutcome.sent);
    assert.equal(dialled.write(pattern(60, 2)), WriteOutcome.queued);
    assert.equal(dialled.pendingBytes, 20);
    for (let turns = 0; turns < 10; turns++) clock.advance(0);
    assert.equal(dialled.pendingBytes, 20);
    accepted().resume();
    for (let turns = 0; turns < 10; turns++) clock.advance(0);
    assert.equal(dialled.pendingBytes, 0);
    assert.equal(dialled.context.drains, 1);
    const whole = new Uint8Array(120);
    whole.set(pattern(60, 1));
    whole.set(pattern(60, 2), 60);
    assert.deepEqual(accepted().context.received(), whole);
  });

  it("lose what the kernel holds when the connection is reset", async () => {
    const { clock, dialled, accepted } = await pair();
    clock.advance(0);
    accepted().pause();
    dialled.write(pattern(50));
    dialled.evict();
    clock.advance(0);
    assert.equal(accepted().context.closes, 1);
    assert.equal(accepted().context.ends, 0);
    assert.equal(accepted().context.receivedBytes, 0);
  });

  it("leave the clock nothing to do when nothing happens", async () => {
    const { clock, dialled, accepted } = await pair();
    dialled.write(pattern(10));
    for (let turns = 0; turns < 10; turns++) clock.advance(0);
    assert.equal(clock.pending, 0);
    dialled.end();
    accepted().end();
    for (let turns = 0; turns < 10; turns++) clock.advance(0);
    assert.equal(clock.pending, 0);
    assert.equal(dialled.context.closes + accepted().context.closes, 2);
  });
});
