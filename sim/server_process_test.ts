import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { selectPlatform } from "../platform/select.ts";
import { findServer } from "./server_process.ts";

const handler = {
  open: (conn: { evict(): void }) => conn.evict(),
  data() {},
  drain() {},
  end() {},
  close() {},
};

describe("findServer()", () => {
  it("goes to any address of loopback where the server listens on all", async () => {
    const { streams } = await selectPlatform();
    const listen = (hostname: string) =>
      streams.listen({ hostname, port: 0, pendingBytesMax: 0, handler });
    const listeners = [await listen("0.0.0.0"), await listen("127.0.0.1")];
    try {
      const [all, one] = listeners.map(({ address }) => address.port);
      const targets = [
        `tcp://127.0.0.1:${all}`,
        `ws://localhost:${all}`,
        `tcp://127.0.0.1:${one}`,
        "tcp://push.example:3101",
      ];
      assert.deepEqual(await findServer(streams, targets, ["http://127.0.0.1:1"]), {
        targets: [`tcp://{host}:${all}`, `ws://{host}:${all}`, ...targets.slice(2)],
        apiUrls: ["http://127.0.0.1:1"],
        child: undefined,
      });
    } finally {
      for (const listener of listeners) await listener.close();
    }
  });
});
