import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../mod.ts";
import { withServer } from "../support/server.ts";
import {
  clientEvent,
  inState,
  roomEvent,
  roomInState,
  urlOf,
  withClient,
} from "../support/client_events.ts";
import { RequestError } from "../../client/mod.ts";

const rooms = [{ type: "live", historySize: 100, historyTtlMs: 60_000 }];

test("a client joins a room, gets what was said and what is being said, and reads history", () =>
  withServer({ rooms }, async ({ wsPort, post }) => {
    const push = (query: string, body: string | Uint8Array) =>
      post(`/goim/push/room?type=live&room=1&${query}`, body);
    await push("operation=1000", '{"text":"before"}');
    await push("operation=1000&media_ms=5000", "old text");
    await withClient(urlOf(wsPort), { token: { mid: 2n ** 63n - 1n } }, async (client) => {
      assert.equal(client.state, "connecting");
      const room = client.join("live://1", { last: 1 });
      assert.equal(client.join("live://1"), room);
      const first = await roomEvent(room, "message");
      assert.deepEqual(first, { op: 1000, body: "old text", offset: 2, recovered: true });
      assert.deepEqual([client.state, room.state, room.online], ["connected", "joined", 1]);
      const live = roomEvent(room, "message");
      await push("operation=1001", new Uint8Array([255, 0]));
      const bytes = new Uint8Array([255, 0]);
      assert.deepEqual(await live, { op: 1001, body: bytes, offset: 3, recovered: false });
      assert.equal(room.position?.offset, 3);

      const page = await room.history({ fromMs: 0, toMs: 6_000 });
      const [{ timeMs, ...message }] = page.messages;
      assert.ok(timeMs > 0);
      const wanted = { offset: 2, op: 1000, mediaMs: 5_000, mid: undefined, body: "old text" };
      assert.deepEqual(message, wanted);
      assert.deepEqual([page.first, page.last, page.more], [1, 3, false]);
      await assert.rejects(room.history({ last: 0 }), (error) => {
        assert.ok(error instanceof RequestError);
        return error.code === -400;
      });
    });
  }));

test("pushes by mid and to all come to the client, those to rooms without history to the room", () =>
  withServer({}, async ({ wsPort, push }) => {
    const token = { mid: 7, accepts: [1000] };
    await withClient(urlOf(wsPort), { token }, async (client) => {
      const room = client.join("chat://1");
      await roomInState(room, "joined");
      const pushed = clientEvent(client, "message");
      await push("mids?operation=1000&mids=7", '{"n":1}');
      assert.deepEqual(await pushed, { op: 1000, body: { n: 1 } });
      const message = roomEvent(room, "message");
      await push("room?operation=1000&type=chat&room=1", "hi");
      assert.deepEqual(await message, { op: 1000, body: "hi", offset: 0, recovered: false });
      room.leave();
      assert.equal(room.state, "left");
    });
  }));

test("what clients publish comes to the room, is answered by the application, or is refused", async () => {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  const server = await startServer({
    ...{ tcp: anyPort, ws: anyPort, http: anyPort },
    rooms: [{ type: "live", historySize: 100, upstream: "publish", slowModeMs: 60_000 }],
    hooks: {
      message: (_identity, _room, { body }) => {
        const text = new TextDecoder().decode(body);
        if (text === "bad") return { refuse: "not that" };
        if (text === "bytes") return { reply: new Uint8Array([255]) };
        return text === "help" ? { reply: '{"try":"this"}' } : undefined;
      },
    },
  });
  const url = urlOf(server.ws.port);
  try {
    await withClient(
      url,
      { token: { mid: 1 } },
      (first) =>
        withClient(url, { token: { mid: 2 } }, async (second) => {
          const rooms = [first, second].map((client) => client.join("live://1"));
          const heard = rooms.map((room) => roomEvent(room, "message"));
          await Promise.all(rooms.map((room) => roomInState(room, "joined")));
          const { epoch, offset } = await rooms[0].publish({ n: 1 }, { op: 1001, mediaMs: 5 });
          assert.deepEqual([epoch !== "", offset], [true, 1]);
          const message = { op: 1001, body: { n: 1 }, offset: 1, recovered: false };
          assert.deepEqual(await Promise.all(heard), [message, message]);
          const { messages: [{ mediaMs, mid }] } = await rooms[1].history({ fromMs: 5, toMs: 6 });
          assert.deepEqual([mediaMs, mid], [5, "1"]);
          await assert.rejects(rooms[0].publish("too soon"), (error) => {
            assert.ok(error instanceof RequestError);
            return error.code === -429 && error.retryMs! > 50_000;
          });
          const refused = { code: -403, message: "not that" };
          await assert.rejects(rooms[1].publish("bad"), refused);
        }),
    );
    await withClient(url, { token: { mid: 3 } }, async (client) => {
      const { reply } = await client.join("live://1").publish("bytes");
      assert.deepEqual(reply, new Uint8Array([255]));
    });
    await withClient(url, { token: { mid: 4 } }, async (client) => {
      const answer = await client.join("live://1").publish("help");
      assert.deepEqual(answer, { epoch: "", offset: 0, reply: { try: "this" } });
    });
  } finally {
    await server.close();
  }
});

test("a client that is given an HTTP API asks it where to connect", async () => {
  const answer = { data: { ws_port: 0, wss_port: 0, nodes: ["127.0.0.1"] } };
  await withServer({}, async ({ wsPort }) => {
    const asked: string[] = [];
    const fetch = (url: URL | RequestInfo) => {
      asked.push(`${url}`);
      answer.data.ws_port = wsPort;
      return Promise.resolve(Response.json(answer));
    };
    await withClient("http://halley.test/", { token: { mid: 1 }, fetch }, async (client) => {
      await inState(client, "connected");
      assert.deepEqual(asked, ["http://halley.test/goim/nodes/weighted?platform=web"]);
    });
  });
});
