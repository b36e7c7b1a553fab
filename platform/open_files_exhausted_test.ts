import assert from "node:assert/strict";
import { once } from "node:events";
import process from "node:process";
import { test } from "node:test";
import { selfSigned } from "./contract/certificates.ts";
import { startEchoServer } from "./contract/echo_child.ts";
import { closeAll, pattern, pendingBytesMax, Probe } from "./contract/probe.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();
const openFilesMax = 64;
const clients = 100;
const certificate = selfSigned("IP:127.0.0.1");

for (const tls of [undefined, certificate]) {
  const name = tls === undefined ? "A listener" : "A listener with TLS";
  test(`${name} without file descriptors lives on and serves again once some are free`, async () => {
    const { child, port } = await startEchoServer(openFilesMax, 0, tls);
    const exited = once(child, "exit");
    let areLeaving = false;
    const client = new Probe({ open: (conn) => void (areLeaving && conn.evict()) });
    const trust = tls && { ca: tls.certificate };
    const place = { hostname: "127.0.0.1", port, tls: trust };
    const dial = async (bytes: number) => {
      const conn = await platform.streams.dial({ ...place, pendingBytesMax, handler: client });
      conn.write(pattern(bytes));
      return conn;
    };
    // With TLS those for whom there is no descriptor wait for their handshakes.
    const dials: Promise<unknown>[] = [];
    try {
      for (let index = 0; index < clients; index++) {
        dials.push(dial(10));
        if (tls === undefined) await dials[index];
      }
      const served = () => client.conns.filter((conn) => conn.context.receivedBytes === 10).length;
      await client.until("the first clients are served", () => served() >= 10);
      assert(served() < openFilesMax, "more clients than descriptors");

      areLeaving = true;
      await closeAll(client);
      await Promise.all(dials);
      areLeaving = false;
      assert.equal(child.exitCode, null);
      const late = await dial(20);
      await client.until("a late client is served", () => late.context.receivedBytes === 20);
      assert.equal(child.exitCode, null);
    } finally {
      await closeAll(client);
      process.kill(child.pid!, "SIGKILL");
      await exited;
    }
  });
}
