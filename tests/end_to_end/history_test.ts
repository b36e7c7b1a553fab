import assert from "node:assert/strict";
import { test } from "node:test";
import { startServer } from "../../mod.ts";
import { RawClient } from "../support/raw_client.ts";
import { withServer } from "../support/server.ts";

const rooms = [{ type: "vod", historySize: 100 }];

interface Answer {
  readonly code: number;
  readonly data?: { readonly epoch: string; readonly offset: number };
}

interface Page {
  readonly room: string;
  readonly epoch: string;
  readonly first: number;
  readonly last: number;
  readonly messages: readonly { readonly offset: number; readonly media_ms: number }[];
  readonly more: boolean;
}

test("a push that 20 callers send with one id is stored once, and all learn where", () =>
  withServer({ rooms }, async (server) => {
    const client = await RawClient.open(server.tcpPort, { room_id: "vod://1" });
    const push = (id: string) =>
      server.post(`/goim/push/room?operation=1000&type=vod&room=1&id=${id}`, id) as Promise<Answer>;
    const answers = await Promise.all(Array.from({ length: 20 }, () => push("a")));
    const [{ code, data }] = answers;
    assert.deepEqual([code, data!.offset], [0, 1]);
    for (const answer of answers) assert.deepEqual(answer.data, data);
    const body = '{"room":"vod://1","operation":1000,"body":"b","id":"b"}';
    assert.equal((await server.post("/v1/push", body) as Answer).data!.offset, 2);
    assert.deepEqual((await push("b")).data, { epoch: data!.epoch, offset: 2 });
    for (const [seq, text] of [[1, "a"], [2, "b"]]) {
      const frame = await client.next();
      assert.deepEqual([frame.seq, frame.body.toString()], [seq, text]);
    }
    for (const target of ["keys?keys=k&operation=7", "all?operation=7"]) {
      await server.push(`${target}&id=a`, "x");
    }
    client.close();
  }));

test("what a room has kept is read behind an offset, the latest, and by media time in pages", () =>
  withServer({ rooms }, async (server) => {
    const query = "type=vod&room=1";
    for (const mediaMs of [500, 100, 300, 100, 900]) {
      const call = `/goim/push/room?operation=1000&${query}&media_ms=${mediaMs}`;
      assert.equal((await server.post(call, `{"at": ${mediaMs}}`)).code, 0);
    }
    const read = async (parameters: string) =>
      await server.get(`/goim/history/room?${query}${parameters}`) as Page;
    const offsets = ({ messages }: Page) => messages.map(({ offset }) => offset);
    const all = await read("");
    assert.deepEqual([all.room, all.first, all.last, all.more], ["vod://1", 1, 5, false]);
    assert.deepEqual(offsets(all), [1, 2, 3, 4, 5]);
    assert.deepEqual(all.messages[0], {
      ...all.messages[0],
      op: 1000,
      media_ms: 500,
      body: { at: 500 },
    });
    const behind = await read("&after=2&limit=2");
    assert.deepEqual([offsets(behind), behind.more], [[3, 4], true]);
    const latest = await read("&last=2");
    assert.deepEqual([offsets(latest), latest.more], [[4, 5], true]);
    const found: number[] = [];
    for (let [from, after] = [0, ""];;) {
      const page = await read(`&from_ms=${from}&to_ms=900&limit=1${after}`);
      found.push(...offsets(page));
      if (!page.more) break;
      const { offset, media_ms: mediaMs } = page.messages.at(-1)!;
      [from, after] = [mediaMs, `&after=${offset}`];
    }
    assert.deepEqual(found, [2, 4, 3, 1]);
  }));

test("a program that embeds the server pushes into a room's history and reads it", async () => {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  const server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort, rooms });
  try {
    assert.equal(await server.pushToRoom(1000, "live://1", "x"), undefined);
    assert.equal(await server.history("live://1"), undefined);
    const push = () =>
      server.pushToRoom(1000, "vod://1", "héllo", { id: "1", mediaMs: 5, mid: 7n });
    const position = await push();
    assert.deepEqual(await push(), position);
    const { epoch, messages, ...page } = (await server.history("vod://1", { last: 10 }))!;
    assert.deepEqual(position, { epoch, offset: 1 });
    assert.deepEqual(page, { head: 1, first: 1, more: false });
    const [{ timeMs, body, ...message }] = messages;
    assert.deepEqual(message, { offset: 1, operation: 1000, mediaMs: 5, mid: 7n });
    assert.deepEqual([typeof timeMs, new TextDecoder().decode(body)], ["number", "héllo"]);
  } finally {
    await server.close();
  }
});
