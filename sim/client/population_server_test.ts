import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { preciseClock } from "../../platform/system_clock.ts";
import { selectPlatform } from "../../platform/select.ts";
import { type TestServer, withServer } from "../../tests/support/server.ts";
import { within } from "../../tests/support/raw_client.ts";
import { Pusher, type SendPush } from "../pusher.ts";
import { ServerApi } from "../server_api.ts";
import type { ConnectPlan, ReceiptTotals } from "../types.ts";
import { Population } from "./population.ts";

const TAG = 7;
const ROOMS = 3;
const CLIENTS = 30;

/** Tests wait until everything has come before anyone leaves. */
const MARGINS = { joinMs: 0, leaveMs: 0 };

/** What receipts say, without the words: those gather while a test waits for what is missing. */
type Counts = Omit<ReceiptTotals, "failures">;

/** Clients over both transports of a real server, and how to push to them. */
interface Setup {
  readonly server: TestServer;
  readonly population: Population;
  /**
   * Pushes at least so many times to each room, over HTTP.
   *
   * @returns How often it has pushed so far, to all rooms.
   */
  push(times: number): Promise<number>;
  /** Waits until all pushes that are to come have come. */
  received(): Promise<void>;
  /**
   * What the receipts say.
   *
   * @param more Pushes to each room that were never sent, and that are missing therefore.
   */
  totals(more?: number): Counts;
}

async function withPopulation(
  plan: Partial<ConnectPlan>,
  use: (setup: Setup) => Promise<void>,
): Promise<void> {
  const { streams } = await selectPlatform();
  await withServer({}, async (server) => {
    const population = new Population(streams, preciseClock, { tag: TAG, margins: MARGINS });
    const api = new ServerApi([server.httpUrl], "", ROOMS);
    const send: SendPush = (room, body) => api.pushToRoom(room, body);
    const pusher = new Pusher({ send, tag: TAG, size: 100, rooms: ROOMS, clock: preciseClock });
    const totals = (more = 0): Counts => {
      const pushes = pusher.pushes.map((room) => ({ ...room, last: room.last + more }));
      const { failures: _, ...counts } = population.receipts.totals(pushes);
      return counts;
    };
    const { tcpPort, wsPort } = server;
    try {
      await population.connect({
        first: 0,
        clients: CLIENTS,
        targets: [`tcp://127.0.0.1:${tcpPort}`, `ws://127.0.0.1:${wsPort}`],
        rooms: ROOMS,
        rampPerS: 10_000,
        exact: true,
        heartbeatMs: 30_000,
        ...plan,
      });
      await use({
        server,
        population,
        async push(times) {
          const wanted = pusher.sent + times * ROOMS;
          pusher.start(500);
          await until("pushes", () => pusher.sent >= wanted);
          await pusher.stop();
          return pusher.sent;
        },
        received: () => until("every push", () => totals().lost === 0),
        totals,
      });
    } finally {
      population.stop();
    }
    await server.until("the end of all connections", (now) => now.comet_connections === 0);
  });
}

function until(what: string, holds: () => boolean): Promise<void> {
  const poll = async () => {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  };
  return within(what, poll());
}

/** What receipts say when nothing is wrong, beside the counts. */
const RIGHT = { lost: 0, duplicated: 0, reordered: 0, misdelivered: 0 };

describe("Population, with a real server and over TCP and WebSocket", () => {
  it("gets everyone in, into the rooms where the server counts them", () =>
    withPopulation({}, async ({ server, population }) => {
      const { connectedCount: connected, authenticatedCount: authenticated, failures } = population;
      assert.deepEqual([connected, authenticated, failures], [CLIENTS, CLIENTS, []]);
      const { comet_connections, comet_rooms } = await server.metrics();
      assert.deepEqual([comet_connections, comet_rooms], [CLIENTS, ROOMS]);
    }));

  it("gets every push of its rooms, and nothing else", () =>
    withPopulation({}, async ({ population, push, received, totals }) => {
      const pushes = await push(10);
      await received();
      const { expected, received: came, ...wrong } = totals();
      // The rooms are equally large, and pushed to in turn.
      const wanted = Math.floor(pushes * CLIENTS / ROOMS);
      assert.deepEqual([expected, came, population.counts.received], [wanted, wanted, wanted]);
      assert.deepEqual(wrong, RIGHT);
      assert.equal(population.latencies.count, wanted);
      assert.ok(population.latencies.quantile(0.5) > 0 && population.latencies.max < 5_000);
    }));

  it("notices a push that does not come to anyone of a room", () =>
    withPopulation({}, async ({ push, received, totals }) => {
      await push(2);
      await received();
      assert.equal(totals(1).lost, CLIENTS);
    }));

  it("leaves, changes rooms and comes back between pushes without losing any", () =>
    withPopulation({}, async ({ server, population, push, received, totals }) => {
      await push(3);
      await received();
      await population.leave({ share: 0.5, seed: 1 });
      population.changeRooms({ share: 0.5, seed: 2 });
      await server.until("everyone", (now) => now.comet_connections === CLIENTS);
      await push(3);
      await received();
      await population.storm();
      assert.equal(population.authenticatedCount, CLIENTS);
      await push(3);
      await received();
      const { expected, received: came, ...wrong } = totals();
      assert.deepEqual(wrong, RIGHT);
      // What comes to a client on its way to another room counts neither way.
      assert.ok(expected > 8 * CLIENTS - CLIENTS / 2 && came >= expected, `${came} of ${expected}`);
      assert.deepEqual([population.counts.lostConnections, population.failures], [0, []]);
    }));

  it("beats, and the server answers every beat", () =>
    withPopulation({ heartbeatMs: 300 }, async ({ population, server }) => {
      await until("beats", () => population.counts.heartbeatsSent >= 3 * CLIENTS);
      assert.deepEqual([population.counts.heartbeatsMissed, population.counts.lostConnections], [
        0,
        0,
      ]);
      const { comet_connections } = await server.metrics();
      assert.equal(comet_connections, CLIENTS);
    }));
});
