import assert from "node:assert/strict";
import { test } from "node:test";
import { seededPrng } from "../../base/prng.ts";
import { type Hooks, startServer } from "../../mod.ts";
import { Audience, type AudienceOptions, TALKED_ROOMS, talkedRooms } from "../support/audience.ts";
import { inState, roomEvent, roomInState, urlOf, withClient } from "../support/client_events.ts";
import { CuttingProxy } from "../support/cutting_proxy.ts";
import { withServerProcess } from "../support/kept_server.ts";
import { within } from "../support/raw_client.ts";
import type { RoleProcess } from "../support/role_process.ts";
import { SilentProxy } from "../support/silent_proxy.ts";
import { withServer } from "../support/server.ts";

const limits = { timeout: 60_000 };

/** Runs with clients that talk to each other, and checks what they have heard. */
async function withAudience(
  options: AudienceOptions,
  use: (audience: Audience) => Promise<void>,
): Promise<void> {
  const audience = new Audience(options);
  try {
    await audience.joined();
    audience.start();
    await use(audience);
    await audience.check();
  } finally {
    audience.close();
  }
}

test("clients behind a proxy that cuts, delays and swallows hear everything", limits, async () => {
  const unlimited = { publishRate: 0, publishMidRate: 0 };
  await withServer({ rooms: talkedRooms, ...unlimited }, async ({ wsPort }) => {
    const cutting = await CuttingProxy.start(wsPort, seededPrng(13));
    const silent = await SilentProxy.start(Number(cutting.address.split(":")[1]));
    const urls = [urlOf(silent.port)];
    const client = { heartbeatMs: 4_000 };
    try {
      const options = { urls, clients: 10, perSecond: 100, pace: 8, client };
      await withAudience(options, async (audience) => {
        await audience.accepts(20);
        silent.delayMs = 40;
        for (let time = 0; time < 6; time++) {
          cutting.cut(4_000);
          await audience.accepts(20);
        }
        cutting.heal();
        await audience.accepts(20);
        assert.ok(cutting.cuts > 20, `${cutting.cuts} cuts`);
        silent.silence();
        silent.delayMs = 0;
        await audience.accepts(20);
        assert.ok(audience.failed > 0, "what nobody answered has failed");
        assert.deepEqual(audience.gaps, []);
      });
    } finally {
      await silent.stop();
      await cutting.stop();
    }
  });
});

/** Runs a server in a process of its own whose rooms clients publish into. */
function withTalkedServer(
  hasData: boolean,
  use: (server: RoleProcess, urls: readonly string[]) => Promise<void>,
): Promise<void> {
  return withServerProcess(
    { config: TALKED_ROOMS, hasData },
    (server) => use(server, [server.addresses.websocket]),
  );
}

test(
  "clients of a server that keeps its data hear everything when it is killed",
  limits,
  () =>
    withTalkedServer(true, async (server, urls) => {
      await withAudience({ urls, clients: 10, perSecond: 20 }, async (audience) => {
        for (let time = 0; time < 2; time++) {
          await audience.accepts(10);
          await server.kill();
          await server.start();
        }
        await audience.accepts(10);
        assert.ok(audience.reconnects >= 20);
        assert.deepEqual(audience.gaps, []);
      });
    }),
);

test(
  "clients of a server that keeps nothing are told so when it is restarted",
  limits,
  () =>
    withTalkedServer(false, async (server, urls) => {
      await withAudience({ urls, clients: 5, perSecond: 20 }, async (audience) => {
        await audience.accepts(10);
        assert.equal(await server.stop(), "0");
        await server.start();
        await audience.joined();
        await audience.accepts(10);
        assert.deepEqual(audience.gaps.map(({ reason }) => reason), Array(5).fill("epoch"));
      });
    }),
);

test("a client whose token has expired asks for another and misses nothing", limits, async () => {
  let valid = "first";
  const hooks: Hooks = {
    authenticate: ({ token }) =>
      new TextDecoder().decode(token) === valid
        ? { mid: 7n, features: ["rooms", "notices"] }
        : { refuse: "the token has expired" },
  };
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  const addresses = { tcp: anyPort, ws: anyPort, http: anyPort };
  const server = await startServer({ ...addresses, rooms: talkedRooms, hooks });
  const asked: boolean[] = [];
  const token = ({ refused }: { readonly refused: boolean }) => {
    asked.push(refused);
    return refused ? "second" : "first";
  };
  try {
    await withClient(urlOf(server.ws.port), { token, backoff: { baseMs: 1 } }, async (client) => {
      const room = client.join("talk://1");
      await roomInState(room, "joined");
      valid = "second";
      const recovered = roomEvent(room, "recovered");
      const heard = roomEvent(room, "message");
      const expired = { code: 4100, reason: "token expired", reconnect: true };
      await server.closeConnections({ mids: [7n] }, expired);
      await server.pushToRoom(1000, "talk://1", "meanwhile");
      await recovered;
      assert.equal((await heard).body, "meanwhile");
      assert.deepEqual(asked, [false, false, true]);
      valid = "third";
      await server.closeConnections({ mids: [7n] }, expired);
      await inState(client, "closed");
      assert.deepEqual(asked, [false, false, true, false, true]);
    });
  } finally {
    await within("the server's stop", server.close());
  }
});

test("a client that has come back a thousand times holds no more than before", limits, async () => {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  const server = await startServer({
    tcp: anyPort,
    ws: anyPort,
    http: anyPort,
    rooms: talkedRooms,
  });
  const open = new Set<WebSocket>();
  class CountedSocket extends WebSocket {
    constructor(url: string) {
      super(url);
      open.add(this);
      this.addEventListener("close", () => open.delete(this));
    }
  }
  try {
    const options = { token: { mid: 7 }, backoff: { baseMs: 0 }, WebSocket: CountedSocket };
    await withClient(urlOf(server.ws.port), options, async (client) => {
      const room = client.join("talk://1");
      let heard = 0;
      room.on("message", ({ body }) => assert.equal(body, heard++));
      await roomInState(room, "joined");
      const kicked = { code: 4100, reason: "again", reconnect: true };
      const least: number[] = [];
      for (let time = 0; time < 1_000; time++) {
        const back = roomEvent(room, "recovered");
        await server.closeConnections({ mids: [7n] }, kicked);
        await server.pushToRoom(1000, "talk://1", `${time}`);
        await back;
        const part = Math.floor(time / 250);
        least[part] = Math.min(least[part] ?? Infinity, process.memoryUsage().heapUsed);
      }
      if (heard < 1_000) await roomEvent(room, "message", () => heard === 1_000);
      assert.equal(heard, 1_000);
      assert.ok(open.size <= 2, `${open.size} sockets`);
      const grown = least[3] - least[1];
      assert.ok(grown < 8 * 2 ** 20, `the heap grew by ${grown} bytes: ${least}`);
    });
  } finally {
    await within("the server's stop", server.close());
  }
});
