import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Redis } from "@upstash/redis/cloudflare";
import { RedisServer } from "./redis_server.ts";
import { openUpstashGateway, type UpstashGateway } from "./upstash_gateway.ts";

describe("openUpstashGateway()", () => {
  let server: RedisServer;
  let gateway: UpstashGateway;

  before(async () => {
    server = await RedisServer.start();
    gateway = await openUpstashGateway(server.url, { token: "secret" });
  });
  after(async () => {
    await gateway.close();
    await server.stop();
  });

  async function post(
    path: string,
    body: unknown,
    headers: Record<string, string> = { authorization: "Bearer secret" },
  ): Promise<{ status: number; answer: unknown }> {
    const text = JSON.stringify(body);
    const response = await fetch(gateway.url + path, { method: "POST", headers, body: text });
    return { status: response.status, answer: await response.json() };
  }

  it("runs a command that comes as a JSON list", async () => {
    assert.deepEqual(await post("/", ["SET", "a", 1]), { status: 200, answer: { result: "OK" } });
    assert.deepEqual(await post("/", ["GET", "a"]), { status: 200, answer: { result: "1" } });
    assert.deepEqual(await post("/", ["GET", "b"]), { status: 200, answer: { result: null } });
    assert.deepEqual(await post("/", ["INCR", "a"]), { status: 200, answer: { result: 2 } });
  });

  it("encodes text in base64 where that is asked for, but for the status OK", async () => {
    const headers = { authorization: "Bearer secret", "upstash-encoding": "base64" };
    const source = "return {'OK', redis.status_reply('OK'), redis.status_reply('PONG'), {1, 'a'}}";
    assert.deepEqual((await post("/", ["EVAL", source, 0], headers)).answer, {
      result: ["T0s=", "OK", "UE9ORw==", [1, "YQ=="]],
    });
  });

  it("says what failed, with the status for it", async () => {
    const { status, answer } = await post("/", ["NOPE"]);
    assert.equal(status, 400);
    assert.match((answer as { error: string }).error, /^ERR unknown command/);
    assert.equal((await post("/", [])).status, 400);
    for (const headers of [{}, { authorization: "Bearer wrong" }]) {
      const refused = await post("/", ["GET", "a"], headers as Record<string, string>);
      assert.equal(refused.status, 401);
      assert.match((refused.answer as { error: string }).error, /auth token/);
    }
  });

  it("serves the client's pipelines, an answer for each command", async () => {
    const redis = new Redis({ url: gateway.url, token: "secret", enableTelemetry: false });
    const before = gateway.requests;
    assert.deepEqual(await redis.pipeline().set("p", "ü").get("p").incr("n").exec(), [
      "OK",
      "ü",
      1,
    ]);
    assert.equal(gateway.requests, before + 1);
    const { status, answer } = await post("/pipeline", [["GET", "p"], ["NOPE"]]);
    assert.equal(status, 200);
    const [got, failed] = answer as { result?: unknown; error?: string }[];
    assert.deepEqual(got, { result: "ü" });
    assert.match(String(failed.error), /^ERR unknown command/);
  });
});
