import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configureSync, resetSync } from "@logtape/logtape";
import type { ConnHandler } from "../port.ts";
import { pattern, pendingBytesMax, type ProbeConn, type Subject, withPair } from "./probe.ts";

/** Collects what is logged while a test runs. */
async function reportsOf(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  configureSync({
    reset: true,
    sinks: { lines: ({ message }) => void lines.push(message.join("")) },
    loggers: [
      { category: ["halley", "platform"], lowestLevel: "info", sinks: ["lines"] },
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
    ],
  });
  try {
    await run();
  } finally {
    resetSync();
  }
  return lines;
}

/** Registers what every implementation of `Streams` must do when its owner's callback throws. */
export function handlerFaultsContract(name: string, platform: Subject): void {
  const callbacks: readonly (keyof ConnHandler)[] = ["open", "data", "drain", "end", "close"];

  // One that throws before the handshake leaves no connection to look at.
  const tried = callbacks.filter((callback) => callback !== "open" || !platform.opensEarly);

  describe(`A handler that throws on ${name}`, () => {
    for (const callback of tried) {
      it(`${callback} costs its one connection and one line of the log`, async () => {
        let throws = true;
        const server = {
          [callback](conn: ProbeConn) {
            if (!throws) return;
            throws = false;
            // A connection that is closing would be over by now anyway.
            if (callback === "close") assert.equal(conn.context.closes, 1);
            throw new Error("a bug\nwith a second line");
          },
        };
        const client = { end: (conn: ProbeConn) => conn.end() };
        const lines = await reportsOf(() =>
          withPair(platform, { server, client }, async (pair) => {
            const { listener, accepted, dialled } = pair;
            dialled.write(pattern(10));
            if (callback === "drain") accepted.write(pattern(9_000_000));
            // Where a write is answered late, the second one is what has to wait.
            if (callback === "drain") accepted.write(pattern(10));
            if (callback === "end") dialled.end();
            if (callback === "close") accepted.evict();
            await pair.server.until("it closes", () => accepted.context.closes === 1);
            await pair.client.until("the peer closes", () => dialled.context.closes === 1);

            const { hostname, port } = listener.address;
            const handler = pair.client;
            const other = await platform.streams.dial({ hostname, port, pendingBytesMax, handler });
            other.write(pattern(10));
            await pair.server.until("the next one is served", () => {
              return pair.server.conns.length === 2 &&
                pair.server.conns[1].context.receivedBytes === 10;
            });
          })
        );
        assert.deepEqual(lines, [`closing a connection, its ${callback} handler failed: a bug`]);
      });
    }
  });
}
