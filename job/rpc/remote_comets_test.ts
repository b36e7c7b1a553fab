import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { MemoryRpc } from "../../tests/support/memory_rpc.ts";
import { RemoteComet } from "./remote_comets.ts";

describe("RemoteComet", () => {
  it("gives nothing to another comet that has taken its address", async () => {
    const rpc = new MemoryRpc();
    const delivered: number[] = [];
    const listener = await rpc.listen({
      call: (_, method) => {
        delivered.push(method);
        return new Uint8Array(1);
      },
    });
    const gone = new RemoteComet("another~1", new ManualClock());
    const dialer = rpc.dialer(listener.address, gone);
    dialer.start();
    await rpc.pass(500);
    assert.equal(gone.connected, false);
    await assert.rejects(gone.deliver([]), /Cannot reach comet "another~1"/);
    assert.deepEqual(delivered, []);
    await rpc.close(dialer, listener);
  });

  it("takes a link to the comet that it is for", async () => {
    const rpc = new MemoryRpc();
    const listener = await rpc.listen({ call: () => new Promise(() => {}) });
    const comet = new RemoteComet("server", new ManualClock());
    const dialer = rpc.dialer(listener.address, comet);
    dialer.start();
    await rpc.until("there is a link", () => comet.connected);
    await rpc.close(dialer, listener);
    assert.equal(comet.connected, false);
  });
});
