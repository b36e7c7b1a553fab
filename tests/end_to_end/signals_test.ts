import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import { until } from "../support/until.ts";
import { childrenOf, isRunning } from "../support/processes.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { RoleProcess } from "../support/role_process.ts";

const ANY_PORT = "127.0.0.1:0";

/** Runs a server with a client, and ends all of it whatever happens. */
async function withClient(
  flags: Readonly<Record<string, string>>,
  use: (server: RoleProcess, client: RawClient) => Promise<void>,
): Promise<void> {
  const server = new RoleProcess({
    command: "start",
    name: "server",
    flags: { tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT, ...flags },
    upMessage: "listening",
  });
  let children: number[] = [];
  try {
    await server.start();
    children = await childrenOf(server.pid!);
    const client = await RawClient.open(parseAddress(server.addresses.tcp)!.port);
    await use(server, client);
  } finally {
    await server.kill();
    for (const pid of children) if (await isRunning(pid)) process.kill(pid, "SIGKILL");
  }
}

/** Signals that a server lives through. */
const harmless = ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const;

async function answersHeartbeat(client: RawClient): Promise<void> {
  client.send(2, 1);
  assert.equal((await client.next()).op, 3);
}

/**
 * Waits for what clients are told, and for the connection's end. Until then whoever asks the server
 * finds one that stops, and not one that is gone.
 */
async function isTold(client: RawClient, { addresses }: RoleProcess): Promise<void> {
  assert.equal((await client.next()).op, 6);
  assert.equal((await fetch(`${addresses.http}/readyz`)).status, 503);
  client.socket.end();
  await within("the connection's end", client.closed);
}

describe("a server that is sent a signal", () => {
  test("goes on at SIGHUP, SIGUSR1 and SIGUSR2, and stops in order at SIGQUIT", () =>
    withClient({}, async (server, client) => {
      for (const signal of harmless) server.signal(signal);
      const line = await server.logged(({ message }) => message.startsWith("SIGHUP: "));
      assert.match(line.message, /nothing has changed/);
      await answersHeartbeat(client);
      server.signal("SIGQUIT");
      await isTold(client, server);
      assert.equal(await within("the server's end", server.ended), "0");
    }));

  test("ends its workers itself, whatever the terminal tells them", () =>
    withClient({ workers: "2" }, async (server, client) => {
      const workers = await childrenOf(server.pid!);
      assert.equal(workers.length, 2);
      for (const pid of workers) {
        for (const signal of [...harmless, "SIGINT", "SIGQUIT"] as const) process.kill(pid, signal);
      }
      await answersHeartbeat(client);
      assert.deepEqual(await childrenOf(server.pid!), workers);
      server.signal("SIGQUIT");
      await isTold(client, server);
      assert.equal(await within("the server's end", server.ended), "0");
      await until("the end of the workers", async () => {
        const running = await Promise.all(workers.map(isRunning));
        return !running.includes(true);
      });
      assert.ok(!server.lines.some(({ message }) => message.startsWith("worker {index} ended")));
    }));
});
