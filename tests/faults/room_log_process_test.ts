import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { until } from "../support/until.ts";
import { withKeptServer } from "../support/kept_server.ts";
import { pushRepeatedly } from "../support/repeated_push.ts";
import { childrenOf } from "../support/processes.ts";

/** As many as the environment says, to look at more than a test has time for. */
const CLIENTS = Number(process.env.FAULT_CLIENTS ?? 100);

const ROOMS = 2;

const limits = { timeout: 60_000 };

/** What fills the socket of one who reads slowly soon: 6 MB a second to each client. */
const FAT_BYTES = 60_000;
const SLOW_BYTES_PER_SECOND = 600_000;

describe("rooms with history in one program", () => {
  test(
    "killed in mid-push with a data directory: all that was answered with 0 is there",
    limits,
    () =>
      withKeptServer({ hasData: true, clients: CLIENTS, rooms: ROOMS }, async (server, traffic) => {
        await pushRepeatedly([server.addresses.http], "repeated");
        for (let kill = 1; kill <= 2; kill++) {
          await traffic.pushed(10);
          await server.kill();
          await until("connections to end", () => traffic.followers.losses >= kill * CLIENTS);
          await server.start();
          await traffic.followers.joined();
          const { comet_history_reads_total: reads } = await server.metrics();
          assert.ok(reads <= ROOMS, `${reads} reads of history`);
          await traffic.pushed(1);
          const { epochs, told, recovered, returned } = await traffic.check();
          assert.deepEqual([epochs, told, recovered], [0, 0, returned]);
          assert.ok(returned >= kill * CLIENTS * ROOMS, "all came back with their places");
        }
      }),
  );

  test(
    "killed without a data directory: every client is told that its rooms begin anew",
    limits,
    () =>
      withKeptServer({ clients: CLIENTS, rooms: ROOMS }, async (server, traffic) => {
        await pushRepeatedly([server.addresses.http], "repeated");
        await traffic.pushed(10);
        await server.kill();
        await until("connections to end", () => traffic.followers.losses >= CLIENTS);
        await server.start();
        await traffic.followers.joined();
        await traffic.pushed(1);
        const { epochs, recovered } = await traffic.check();
        assert.deepEqual([epochs, recovered], [CLIENTS * ROOMS, 0]);
      }),
  );

  test(
    "a worker is killed: its clients come back and have missed nothing",
    limits,
    () =>
      withKeptServer({ workers: 2, clients: CLIENTS, rooms: ROOMS }, async (server, traffic) => {
        const [worker] = await childrenOf(server.pid!);
        await traffic.pushed(10);
        process.kill(worker, "SIGKILL");
        await until("its connections to end", () => traffic.followers.losses > 0);
        await traffic.followers.joined();
        await traffic.pushed(10);
        const { epochs, told, recovered, returned } = await traffic.check();
        assert.deepEqual([epochs, told, recovered], [0, 0, returned]);
        assert.ok(returned > 0);
      }),
  );

  test(
    "a client that reads a tenth of what is pushed gets all of it, in order",
    limits,
    () =>
      withKeptServer(
        { clients: 6, rooms: 1, size: FAT_BYTES, perSecond: 100 },
        async (server, traffic) => {
          const { followers } = traffic;
          followers.slow(0, SLOW_BYTES_PER_SECOND);
          followers.slow(1, SLOW_BYTES_PER_SECOND);
          await until("both to be behind", async () => {
            return (await server.metrics()).comet_catch_ups_total >= 2;
          });
          // More than the comet keeps of the room.
          await traffic.pushed(30);
          followers.slow(0, Infinity);
          followers.slow(1, Infinity);
          const { epochs, told } = await traffic.check();
          assert.deepEqual([epochs, told, followers.losses], [0, 0, 0]);
          const metrics = await server.metrics();
          assert.equal(metrics.comet_frames_dropped_total, 0);
          assert.ok(metrics.comet_history_reads_total > 1, "it was given what the store has");
        },
      ),
  );
});
