import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import { until } from "../support/until.ts";
import { RawClient, token } from "../support/raw_client.ts";
import { ANY_PORT, RoleProcess } from "../support/role_process.ts";

const CLIENTS = 10;

/** Twice what a client may be silent, in milliseconds. */
const STOPPED_MS = 2_000;

test("a server that stood still reads heartbeats and auths before it judges its clients", {
  timeout: 30_000,
}, async () => {
  const server = new RoleProcess({
    command: "start",
    name: "server",
    flags: {
      ...{ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT },
      ...{ "heartbeat-interval": "1s", "heartbeat-max": "1", "handshake-deadline": "1s" },
    },
    upMessage: "listening",
  });
  const clients: RawClient[] = [];
  try {
    await server.start();
    const { port } = parseAddress(server.addresses.tcp)!;
    while (clients.length < CLIENTS) clients.push(await RawClient.open(port));
    const late = await RawClient.connect(port);
    clients.push(late);
    const stoppedMs = performance.now();
    server.signal("SIGSTOP");
    late.send(7, 1, token());
    let beats = 0;
    await until("some time, with a heartbeat now and then", () => {
      const passedMs = performance.now() - stoppedMs;
      if (passedMs >= 200 * (beats + 1)) {
        beats++;
        for (const client of clients) client.send(2, beats);
      }
      return passedMs > STOPPED_MS;
    });
    server.signal("SIGCONT");
    assert.equal((await late.next()).op, 8);
    for (const client of clients) {
      const frames = await client.take(beats);
      assert.deepEqual(frames.map(({ op, seq }) => [op, seq]).at(-1), [3, beats]);
      client.send(2, 999);
      assert.equal((await client.next()).seq, 999);
    }
  } finally {
    for (const client of clients) client.close();
    await server.kill();
  }
});
