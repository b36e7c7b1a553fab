import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { connectReply } from "../../tests/support/fake_logic.ts";
import { UPGRADE } from "../../tests/support/memory_client.ts";
import { NOTHING_LEFT, TestComet } from "../../tests/support/test_comet.ts";

const ANSWER = '{"code":0,"mid":"9007199254740993","key":"k","room":"live://1",' +
  '"epoch":"e","offset":57,"recovered":true,"missed":7,"heartbeat_ms":240000}';

describe("operation 7 that asks for what goim does not have", () => {
  it("is answered in JSON, in every form", async () => {
    const extras = { features: [], since: { epoch: "e", offset: 50 } };
    const reply = connectReply({ mid: 2n ** 53n + 1n, key: "k", room: "live://1", extras });
    const comet = await TestComet.start();
    const asked: unknown[] = [];
    const { memberships } = comet.connections;
    const moveTo = memberships.moveTo.bind(memberships);
    memberships.prepare = (...args) => void asked.push(args);
    memberships.moveTo = (channel, key, from) => {
      if (key !== "") asked.push([key, from]);
      moveTo(channel, key);
      return { epoch: "e", offset: 57, recovered: true, missed: 7 };
    };
    comet.logic.connect = () => Promise.resolve(reply);
    const tcp = await comet.connect();
    tcp.send(7, 5, "{}");
    await comet.settle();
    assert.deepEqual(tcp.lines(), [`8:5:${ANSWER}`]);
    assert.deepEqual(asked, [["live://1", extras], ["live://1", extras]]);
    const page = await comet.connectWebSocket();
    page.write(UPGRADE);
    await comet.settle();
    page.take();
    page.sendBinary(7, 5, "{}");
    await comet.settle();
    const [{ payload }] = page.messages();
    assert.equal(payload.subarray(16).toString(), ANSWER);
    const text = await comet.connectWebSocket();
    text.write(UPGRADE);
    await comet.settle();
    text.take();
    text.sendText('{"op":7,"seq":5,"body":{}}');
    await comet.settle();
    const wanted = `{"ver":1,"op":8,"seq":5,"body":${ANSWER}}`;
    assert.equal(text.messages()[0].payload.toString(), wanted);
    assert.equal(comet.counters.authenticated, 3);
  });

  it("is answered as goim does where it does not", async () => {
    const comet = await TestComet.start();
    const client = await comet.connect();
    client.send(7, 5, '{"key":"k"}');
    await comet.settle();
    assert.deepEqual(client.lines(), ["8:5:"]);
    assert.equal(comet.channels()[0].features, 0);
  });

  it("says that there is no room, and that a room without history recovers nothing", async () => {
    const comet = await TestComet.start();
    for (const room of ["", "live://1"]) {
      const since = { epoch: "e", offset: 5 };
      const client = await comet.connect();
      client.send(7, 1, JSON.stringify({ key: "k", room, extras: { features: [], since } }));
      await comet.settle();
      const body = { code: 0, mid: "1", key: "k", room, epoch: "", offset: 0, recovered: false };
      const rest = { missed: 0, heartbeat_ms: 240_000 };
      assert.deepEqual(JSON.parse(client.frames()[0].body.toString()), { ...body, ...rest });
    }
  });

  it("closes a client, and has logic forget it, when its room cannot be made ready", async () => {
    const comet = await TestComet.start();
    comet.connections.memberships.prepare = () => Promise.reject(new Error("the store is away"));
    const page = await comet.openText({ key: "k", extras: { features: [], last: 5 } });
    await comet.settle();
    assert.equal(page.closed, true);
    assert.deepEqual(comet.logic.disconnected.map(({ key }) => key), ["k"]);
    assert.deepEqual([comet.counters.authFailures, comet.counters.authenticated], [1, 0]);
    assert.deepEqual(comet.left(), NOTHING_LEFT);
  });
});

describe("operation 12", () => {
  it("joins a room that cannot be made ready all the same, as goim knows no failure", async () => {
    const comet = await TestComet.start();
    const client = await comet.open();
    comet.connections.memberships.prepare = () => Promise.reject(new Error("the store is away"));
    client.send(12, 2, "live://2");
    await comet.settle();
    assert.deepEqual(client.lines(), ["13:2:live://2"]);
    assert.equal(comet.channels()[0].roomKey, "live://2");
  });
});
