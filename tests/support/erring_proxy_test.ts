import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ErringProxy, type Errors } from "./erring_proxy.ts";
import { RawClient } from "./raw_client.ts";
import { type TestServer, withServer } from "./server.ts";

/** Two clients of room 1 and one of room 2, in this order, through a proxy. */
interface Setup {
  readonly server: TestServer;
  readonly proxy: ErringProxy;
  readonly clients: readonly RawClient[];
  /** Pushes one after the other into room 1, and returns what each client got by then. */
  push(...bodies: string[]): Promise<string[][]>;
}

/** The last push to each room. */
const END = "end";

async function withProxy(
  errors: Errors | undefined,
  use: (setup: Setup) => Promise<void>,
): Promise<void> {
  await withServer({}, async (server) => {
    const proxy = await ErringProxy.start(server.tcpPort, errors);
    const clients: RawClient[] = [];
    try {
      for (const [key, room] of [["a", 1], ["b", 1], ["c", 2]]) {
        clients.push(await RawClient.open(proxy.port, { key, room_id: `live://${room}` }));
      }
      await use({
        server,
        proxy,
        clients,
        async push(...bodies) {
          const [a, b, c] = clients;
          for (const body of [...bodies, END]) {
            await server.push("room?operation=1000&type=live&room=1", body);
          }
          const got = await Promise.all([a, b].map(untilEnd));
          await server.push("room?operation=1000&type=live&room=2", END);
          return [...got, await untilEnd(c)];
        },
      });
    } finally {
      for (const client of clients) client.close();
      await proxy.stop();
    }
  });
}

/** The pushes that come before the last one. */
async function untilEnd(client: RawClient): Promise<string[]> {
  const bodies: string[] = [];
  while (true) {
    const body = `${(await client.next()).body}`;
    if (body === END) return bodies;
    bodies.push(body);
  }
}

describe("ErringProxy", () => {
  it("passes everything on when it is not to err, and says what clients did", () =>
    withProxy(undefined, async ({ proxy, clients, push }) => {
      const large = "x".repeat(60_000);
      assert.deepEqual(await push("1", large, "3"), [["1", large, "3"], ["1", large, "3"], []]);
      clients[0].send(12, 5, "live://2");
      assert.deepEqual((await clients[0].next()).op, 13);
      assert.equal(proxy.erred, 0);
      assert.deepEqual(proxy.doings.get("a"), ["in live://1", "change live://2"]);
      assert.deepEqual(proxy.doings.get("c"), ["in live://2"]);
    }));

  /** What the three clients get of pushes 1 to 4. */
  const all = ["1", "2", "3", "4"];
  const cases: readonly [Errors, string[][]][] = [
    [{ mistake: "loses", at: 2 }, [["1", "3", "4"], all, []]],
    [{ mistake: "loses", at: 2, times: 2 }, [["1", "3", "4"], ["1", "3", "4"], []]],
    [{ mistake: "doubles" }, [["1", "2", "3", "3", "4"], all, []]],
    [{ mistake: "swaps", at: 1 }, [["2", "1", "3", "4"], all, []]],
    [{ mistake: "misdelivers" }, [all, all, ["3"]]],
  ];
  for (const [errors, wanted] of cases) {
    const { mistake, at = 3, times = 1 } = errors;
    it(`${mistake} push ${at} of ${times} of the clients`, () =>
      withProxy(errors, async ({ proxy, push }) => {
        const got = await push(...all);
        // Which of the two of a room it hits is open.
        const sorted = (lists: string[][]) => lists.map(String).sort();
        assert.deepEqual(sorted(got), sorted(wanted));
        assert.equal(proxy.erred, times);
      }));
  }

  it("answers late when it is to", () =>
    withProxy({ mistake: "answersLate", spanMs: 150 }, async ({ clients: [client], proxy }) => {
      const startMs = performance.now();
      client.send(2, 7);
      assert.equal((await client.next()).seq, 7);
      const tookMs = performance.now() - startMs;
      assert.ok(tookMs >= 140, `${tookMs} ms`);
      client.send(2, 8);
      assert.deepEqual([(await client.next()).seq, proxy.erred], [8, 1]);
    }));

  it("keeps a silent client connected, and tells it nothing of that", async () => {
    const spanMs = 500;
    await withServer({ heartbeatIntervalMs: 1_000, heartbeatsMax: 1 }, async (server) => {
      const proxy = await ErringProxy.start(server.tcpPort, { mistake: "keepsSilent", spanMs });
      const kept = await RawClient.open(proxy.port, { key: "kept" });
      const closed = await RawClient.open(proxy.port, { key: "closed" });
      try {
        kept.send(2, 1);
        await kept.next();
        await closed.untilClosed();
        await server.until("one client", ({ comet_connections }) => comet_connections === 1);
        kept.send(2, 2);
        assert.equal((await kept.next()).seq, 2);
        assert.equal(proxy.erred, 1);
        assert.deepEqual(proxy.doings.get("closed"), ["in live://1000", "closed"]);
      } finally {
        kept.close();
        await proxy.stop();
      }
    });
  });

  it("cuts off a client that has just beaten for the second time", () =>
    withProxy({ mistake: "cutsOff" }, async ({ clients: [cut, other], proxy, server }) => {
      cut.send(2, 1);
      assert.equal((await cut.next()).op, 3);
      cut.send(2, 2);
      assert.deepEqual(await cut.untilClosed(), []);
      other.send(2, 1);
      assert.equal((await other.next()).op, 3);
      await server.until("two clients", ({ comet_connections }) => comet_connections === 2);
      assert.equal(proxy.erred, 1);
    }));

  it("does not tell the server that a client has gone", () =>
    withProxy({ mistake: "forgetsToClose" }, async ({ clients, proxy, server }) => {
      for (const client of clients) client.close();
      await server.until("one client", ({ comet_connections }) => comet_connections === 1);
      assert.equal(proxy.erred, 1);
    }));
});
