import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock } from "../../base/clock.ts";
import { RpcMethod } from "../../protocol/cluster/calls.ts";
import { decodeDeliveries, type Delivery } from "../../protocol/cluster/delivery.ts";
import { EMPTY } from "../../protocol/frame.ts";
import type { RpcLink } from "../../rpc/link.ts";
import { keysDelivery, roomDelivery } from "../../tests/support/deliveries.ts";
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

  for (const version of [3, 4]) {
    it(`tells a comet of version ${version} of the logs of rooms as far as it knows of them`, async () => {
      const batches: (readonly Delivery[])[] = [];
      const link = {
        peer: { role: "comet", id: "server" },
        version,
        call: (method: number, body: Uint8Array) => {
          if (method !== RpcMethod.deliver) return new Promise(() => {});
          batches.push(decodeDeliveries(body));
          return Promise.resolve(EMPTY);
        },
      } as unknown as RpcLink;
      const comet = new RemoteComet("server", new ManualClock());
      comet.opened(link);
      const keys = keysDelivery(["k"], 1000, Uint8Array.of(1));
      const plain = roomDelivery("live://1", Uint8Array.of(2));
      const logged = { ...roomDelivery("vod://1", Uint8Array.of(3), 2), epoch: "e1", head: 57 };
      const missed = { ...roomDelivery("vod://2", EMPTY, 0), epoch: "e1", head: 9 };
      const batch = [missed, keys, plain, logged];
      assert.deepEqual(await comet.deliver(batch), []);
      const older = [keys, plain, { ...logged, epoch: "", head: 0 }];
      assert.deepEqual(batches, [version === 3 ? older : batch]);
    });
  }
});
