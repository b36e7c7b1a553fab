import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { StoreUnavailable } from "../../drivers/ports.ts";
import { clientOf, RpcMethod, unknownMethod } from "../../protocol/cluster/calls.ts";
import type { RpcLink } from "../../rpc/link.ts";
import { type LogicApi, logicCalls } from "../../protocol/cluster/logic_calls.ts";
import { connectReply, FakeLogic, publishReply } from "../../tests/support/fake_logic.ts";
import { MemoryRpc } from "../../tests/support/memory_rpc.ts";
import { testNode } from "../../tests/support/test_comet.ts";
import { CometLinks } from "./comet_links.ts";

/** How a comet's call ends, over a link that is closed in the next turn or stays, and what for. */
async function outcomeOf(
  call: (logic: LogicApi) => Promise<unknown>,
  staysOpen: boolean,
): Promise<{ readonly outcome: unknown; readonly logic: FakeLogic }> {
  const clock = new ManualClock();
  const links = new CometLinks(clock);
  const logic = new FakeLogic();
  links.serve(logic);
  const link = { open: true };
  const client = clientOf(logicCalls, {
    call: (method, body) => links.call(link as RpcLink, method, body),
  });
  const ended = call(client).then(() => "done", (error) => error.code);
  link.open = staysOpen;
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(0);
    await promisesSettled();
  }
  return { outcome: await ended, logic };
}

describe("CometLinks", () => {
  const session = { server: "c~1", connectionId: 7, mid: 5n, key: "k" };
  const token = new TextEncoder().encode("{}");
  const calls: Record<string, (logic: LogicApi) => Promise<unknown>> = {
    auth: (logic) => logic.connect({ ...session, token, remoteAddress: "::1" }),
    renewal: (logic) => logic.renew([session]),
  };

  for (const [what, call] of Object.entries(calls)) {
    it(`carries out the ${what} of a comet that waits for it`, async () => {
      assert.equal((await outcomeOf(call, true)).outcome, "done");
    });

    it(`leaves out the ${what} of a comet that has closed its link since`, async () => {
      const { outcome, logic } = await outcomeOf(call, false);
      assert.deepEqual([outcome, logic.renewed], ["lost", []]);
    });
  }

  it("ends what it has found with its beginning in a socket, and not before it", async () => {
    const clock = new ManualClock();
    const links = new CometLinks(clock);
    const logic = new FakeLogic();
    const done: string[] = [];
    logic.connect = async () => {
      done.push("connect");
      return connectReply();
    };
    logic.renew = async () => void done.push("renew");
    logic.register = async () => {
      done.push("register");
      return { openAfterMs: 0, leaseMs: 10_000 };
    };
    logic.unregister = async () => void done.push("unregister");
    logic.disconnect = async () => void done.push("disconnect");
    links.serve(logic);
    const client = clientOf(logicCalls, {
      call: (method, body) => links.call({ open: true } as RpcLink, method, body),
    });
    const answered = Promise.all([
      client.connect({ ...session, token, remoteAddress: "::1" }),
      client.renew([session]),
      client.disconnect(session),
      client.register(testNode(session.server)),
      client.unregister(session.server),
    ]);
    for (let turn = 0; turn < 3; turn++) {
      clock.advance(0);
      await promisesSettled();
    }
    await answered;
    assert.deepEqual(done, ["connect", "renew", "disconnect", "register", "unregister"]);
  });

  it("says that the store is away, to a comet that reads a room's history", async () => {
    const links = new CometLinks(new ManualClock());
    const logic = new FakeLogic();
    logic.readHistory = () => Promise.reject(new StoreUnavailable("redis is gone"));
    links.serve(logic);
    const client = clientOf(logicCalls, {
      call: (method, body) => links.call({ open: true } as RpcLink, method, body),
    });
    const query = { room: "log://1", last: 5, limit: 5, bytesMax: 100 };
    const away = { code: "unavailable", temporary: true, message: "redis is gone" };
    await assert.rejects(client.readHistory(query), away);
  });

  for (const version of ["this", "the last"]) {
    it(`has comets of ${version} version ask others, and answers what they have asked`, async () => {
      const rpc = new MemoryRpc();
      const links = new CometLinks(rpc.clock);
      const logic = new FakeLogic();
      logic.holds.add("publish");
      links.serve(logic);
      const told: number[] = [];
      const { listener, dialer } = await rpc.pair(links, {
        call(_, method) {
          told.push(method);
          if (version === "the last") throw unknownMethod(method);
          return new Uint8Array();
        },
      });
      const client = clientOf(logicCalls, dialer);
      const published = client.publish({ ...session, room: "r", body: new Uint8Array() });
      await rpc.until("it is asked", () => logic.publishes.length === 1);
      let hasLeft = false;
      void links.leave().then(() => hasLeft = true);
      await rpc.pass(1_000);
      assert.deepEqual([told, hasLeft], [[RpcMethod.leave], false]);
      logic.publishes[0].resolve(publishReply());
      await rpc.settled(published);
      await rpc.pass(50);
      assert.equal(hasLeft, true);
      await rpc.close(dialer, listener);
    });
  }

  it("does not wait for a comet that stands still", async () => {
    const rpc = new MemoryRpc();
    const links = new CometLinks(rpc.clock);
    const { listener, dialer } = await rpc.pair(links, { call: () => new Promise(() => {}) });
    let hasLeft = false;
    void links.leave().then(() => hasLeft = true);
    await rpc.pass(4_900);
    assert.equal(hasLeft, false);
    await rpc.pass(200);
    assert.equal(hasLeft, true);
    await rpc.close(dialer, listener);
  });
});
