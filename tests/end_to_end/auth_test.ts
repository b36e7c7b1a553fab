import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import {
  clientEvent,
  roomEvent,
  roomInState,
  urlOf,
  withClient,
} from "../support/client_events.ts";
import { withDirectory } from "../support/data_directory.ts";
import { RawClient, rawFrame, within } from "../support/raw_client.ts";
import { RedisServer } from "../support/redis_server.ts";
import { ANY_PORT, RoleProcess } from "../support/role_process.ts";
import { answer, ScriptedHttp } from "../support/scripted_http.ts";
import { withServer } from "../support/server.ts";
import { makeToken, privateKey, publicKeyOf, SECRET, secretToken } from "../support/tokens.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

const limits = { timeout: 60_000 };

/** Auths over TCP, and gives the answer, or how it ended. */
async function enterTcp(port: number, body: string): Promise<string> {
  const client = await RawClient.connect(port);
  client.send(7, 1, body);
  const answer = await client.next().then(({ op, body }) => `${op} ${body}`, () => "closed");
  client.close();
  return answer;
}

/** Auths over WebSocket, and gives the operation of the answer, or the code of the close. */
async function enterWs(port: number, body: string, headers = {}): Promise<number> {
  const client = await WebSocketClient.connect(port, "ws", headers);
  client.socket.send(rawFrame(7, 1, body));
  const { data } = await client.next().catch(async () => ({ data: undefined }));
  const code = data === undefined ? (await within("a close", client.closed)).code : undefined;
  client.close();
  return code ?? data!.readInt32BE(8);
}

test(
  "a server as users run it lets in who shows a token that its key has signed",
  limits,
  () =>
    withDirectory(async (directory) => {
      const [key, file] = [privateKey("ES256"), join(directory, "key.pem")];
      await writeFile(file, publicKeyOf(key));
      const server = new RoleProcess({
        command: "start",
        name: "start",
        upMessage: "listening",
        flags: {
          ...{ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT },
          ...{ auth: "jwt", "jwt-key-file": file, "jwt-issuer": "us" },
        },
      });
      try {
        await server.start();
        const tcp = parseAddress(server.addresses.tcp)!.port;
        const ws = Number(new URL(server.addresses.websocket).port);
        const nowS = Math.floor(Date.now() / 1_000);
        const token = (claims: object, more: Partial<Parameters<typeof makeToken>[1]> = {}) =>
          makeToken({ iss: "us", mid: 7, ...claims }, { alg: "ES256", key, ...more });
        const good = token({
          ...{ room: "live://1", rooms: ["live://*"] },
          ...{ accepts: [1000], exp: nowS + 600 },
        });
        assert.equal(await enterTcp(tcp, good), "8 ");
        assert.equal(await enterWs(ws, good), 8);
        const wishes = JSON.stringify({ token: good, mid: 9, room_id: "live://2", features: [] });
        const { mid, room } = JSON.parse((await enterTcp(tcp, wishes)).slice(2));
        assert.deepEqual([mid, room], ["7", "live://2"]);
        const refused: readonly [string, number][] = [
          [JSON.stringify({ mid: 7 }), 4001],
          [JSON.stringify({ token: good, room_id: "staff://1" }), 4008],
          [token({ iss: "them" }), 4001],
          [token({ exp: nowS - 10 }), 4001],
          [token({ nbf: nowS + 60 }), 4001],
          [token({ mid: "x" }), 4001],
          [token({}, { alg: "none" }), 4001],
          [token({}, { alg: "HS256", key: publicKeyOf(key) }), 4001],
          [token({}, { key: privateKey("ES256") }), 4001],
          [`${good}x`, 4001],
          ["x".repeat(4_096), 4001],
        ];
        for (const [body, code] of refused) {
          assert.equal(await enterWs(ws, body), code, body);
          assert.equal(await enterTcp(tcp, body), "closed", body);
        }
        await withClient(urlOf(ws), { token: { token: good } }, async (client) => {
          const joined = roomInState(client.join("live://2"), "joined");
          // That of the claim, which the client is in since its auth.
          const first = client.join("live://1");
          await roomInState(first, "joined");
          const { state, code } = await roomEvent(client.join("staff://1"), "state");
          assert.deepEqual([state, code], ["refused", -403]);
          await joined;
          const pushed = clientEvent(client, "message");
          const post = (push: string) =>
            fetch(`${server.addresses.http}/${push}`, { method: "POST", body: '"for 7"' });
          await post("goim/push/mids?operation=1000&mids=7");
          assert.equal((await pushed).body, "for 7");
          const said = roomEvent(first, "message");
          await post("goim/push/room?operation=1000&type=live&room=1");
          assert.equal((await said).body, "for 7");
        });
        const metrics = await server.metrics();
        assert.equal(metrics.logic_jwt_foreign_total, 2);
        assert.equal(metrics.logic_jwt_expired_total, 2);
        assert.equal(metrics.logic_jwt_unsigned_total, 8);
        assert.equal(await server.stop(), "0");
        assert.ok(!server.tail().includes("ANYBODY") && !server.tail().includes(good));
      } finally {
        await server.kill();
      }
    }),
);

test("the logic of a cluster asks a URL for its keys, once", limits, async () => {
  const id = new ScriptedHttp();
  await id.listen();
  const keys = ["known", "unknown"].map((kid) => ({ kid, key: privateKey("EdDSA") }));
  const [known, unknown] = keys.map(({ kid, key }) =>
    makeToken({ sub: "7", rooms: ["live://*"] }, { alg: "EdDSA", key, head: { kid } })
  );
  const jwk = createPublicKey(publicKeyOf(keys[0].key)).export({ format: "jwk" });
  id.script = answer(200, JSON.stringify({ keys: [{ ...jwk, kid: "known" }] }));
  const redis = await RedisServer.start();
  const role = (command: string, upMessage: string, flags: Record<string, string>) =>
    new RoleProcess({ command, name: command, upMessage, flags });
  const ports = { http: ANY_PORT, rpc: ANY_PORT };
  const logic = role("logic", "listening", {
    ...{ ...ports, redis: redis.url, auth: "jwt", jwks: id.url },
  });
  const job = role("job", "reads the push log", { redis: redis.url });
  const roles = [logic, job];
  try {
    await Promise.all(roles.map((each) => each.start()));
    const clients = { tcp: ANY_PORT, ws: ANY_PORT, rpc: ANY_PORT };
    const comet = role("comet", "listening", { ...clients, logic: logic.addresses.rpc });
    roles.push(comet);
    await comet.start();
    const tcp = parseAddress(comet.addresses.tcp)!.port;
    const ws = Number(new URL(comet.addresses.websocket).port);
    const entered = await Promise.all([
      ...Array.from({ length: 10 }, () => enterTcp(tcp, known)),
      enterWs(ws, known),
    ]);
    assert.deepEqual([...new Set(entered)], ["8 ", 8]);
    await withClient(urlOf(ws), { token: { token: known } }, async (client) => {
      const room = client.join("live://1");
      await roomInState(room, "joined");
      const said = roomEvent(room, "message");
      const push = "goim/push/room?operation=1000&type=live&room=1";
      await fetch(`${logic.addresses.http}/${push}`, { method: "POST", body: '"hi"' });
      assert.equal((await said).body, "hi");
    });
    // The key is not known, and the URL was asked just now: come back, not away with you.
    assert.equal(await enterWs(ws, unknown), 1011);
    assert.equal(id.asked.length, 1);
  } finally {
    for (const each of roles) await each.kill();
    await redis.stop();
    id.close();
  }
});

test("an application says over HTTP who clients are, by token, cookie and address", async () => {
  const application = new ScriptedHttp();
  await application.listen();
  application.script = (response, { body }) => {
    const { token, headers, address } = JSON.parse(body);
    const isKnown = token === "s3cret" || headers.cookie === "session=s3cret";
    const identity = { mid: "7", room: "live://1", key: `k-${address}` };
    response.end(JSON.stringify(isKnown ? identity : { refuse: "who are you?" }));
  };
  const options = {
    auth: "webhook",
    authWebhookUrl: application.url,
    authWebhookSecret: SECRET,
    authWebhookHeaders: ["Cookie"],
  } as const;
  try {
    await withServer(options, async ({ tcpPort, wsPort }) => {
      assert.equal(await enterTcp(tcpPort, "s3cret"), "8 ");
      assert.equal(await enterTcp(tcpPort, "wrong"), "closed");
      assert.equal(await enterWs(wsPort, "x", { cookie: "session=s3cret" }), 8);
      assert.equal(await enterWs(wsPort, "x", { cookie: "session=other" }), 4001);
      const client = await RawClient.connect(tcpPort);
      client.send(7, 1, JSON.stringify({ token: "s3cret", mid: 8, key: "mine", features: [] }));
      const { mid, key, room } = JSON.parse((await client.next()).body.toString());
      assert.deepEqual([mid, key, room], ["7", "k-127.0.0.1", "live://1"]);
      client.close();
      application.script = answer(500);
      assert.equal(await enterTcp(tcpPort, "s3cret"), "8 ");
      assert.equal(await enterWs(wsPort, "another"), 1011);
    });
  } finally {
    application.close();
  }
});

test("a secret makes tokens for a server in the same program", () =>
  withServer({ auth: "jwt", jwtSecret: SECRET }, async ({ wsPort }) => {
    const token = secretToken({ mid: 7, room: "live://1" });
    assert.equal(await enterWs(wsPort, token), 8);
    assert.equal(await enterWs(wsPort, secretToken({ mid: 7 }, { alg: "HS384" })), 4001);
  }));
