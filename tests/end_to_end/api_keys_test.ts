/** Keys with scopes and blocks, as an operator uses them: by the command line and raw HTTP. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parseAddress } from "../../options/address.ts";
import { withDirectory } from "../support/data_directory.ts";
import { RawClient, rawFrame, token, within } from "../support/raw_client.ts";
import { rawHttp } from "../support/raw_http.ts";
import { ANY_PORT, fromSources, RoleProcess } from "../support/role_process.ts";
import { WebSocketClient } from "../support/web_socket_client.ts";

const SCOPES = ["push", "read", "admin"] as const;
type Scope = typeof SCOPES[number];

/** A call of each scope. */
const CALLS: Readonly<Record<Scope, readonly [line: string, body: string]>> = {
  push: ["POST /goim/push/all?operation=1000", "hi"],
  read: ["GET /metrics", ""],
  admin: ["POST /v1/unblock", '{"mid":"404"}'],
};

/** Runs `halley api-key new` as an operator does, and gives the key that it prints. */
function newKey(scope: Scope, file: string): string {
  const [program, ...args] = fromSources.command;
  const command = [...args, "api-key", "new", `for-${scope}`, "--scope", scope, "--file", file];
  const { status, stdout, stderr } = spawnSync(program, command, {
    cwd: fromSources.cwd,
    encoding: "utf8",
  });
  assert.equal(status, 0, stderr);
  assert.match(stderr, new RegExp(`^halley: for-${scope} is in .*, which is not shown again:\n$`));
  return stdout.trim();
}

test("keys open what their scope says alone, are rotated by SIGHUP, and blocks outlive a kill", () =>
  withDirectory(async (directory) => {
    const file = join(directory, "halley.keys.toml");
    const keys = { push: newKey("push", file), read: newKey("read", file), admin: "" };
    keys.admin = newKey("admin", file);
    await run(directory, file, keys);
  }));

async function run(
  directory: string,
  file: string,
  keys: Readonly<Record<Scope, string>>,
): Promise<void> {
  const server = new RoleProcess({
    command: "start",
    name: "server",
    flags: {
      "api-keys-file": file,
      "api-key": "the-old-single-key",
      data: join(directory, "data"),
      ...{ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT },
    },
    upMessage: "listening",
  });
  const ask = (line: string, key?: string, body?: string) =>
    rawHttp(server.addresses.http, line, key, body);
  try {
    await server.start();
    await tryScopes(ask, keys);
    await blockAndKill(server, ask, keys.admin);
    await rotate(server, ask, file, keys);
  } catch (error) {
    console.log(server.tail());
    throw error;
  } finally {
    await server.kill();
  }
}

type Ask = (line: string, key?: string, body?: string) => ReturnType<typeof rawHttp>;

/** Each key on each call, a wrong one, none, and the single key of before. */
async function tryScopes(ask: Ask, keys: Readonly<Record<Scope, string>>): Promise<void> {
  for (const scope of SCOPES) {
    const [line, body] = CALLS[scope];
    for (const own of SCOPES) {
      const { status } = await ask(line, keys[own], body);
      assert.equal(status, own === scope ? 200 : 403, `${line} with a key for ${own}`);
    }
    assert.equal((await ask(line, undefined, body)).status, 401);
    assert.equal((await ask(line, `${keys[scope]}x`, body)).status, 401);
    assert.equal((await ask(line, "the-old-single-key", body)).status, 200);
  }
  const metrics = (await ask("GET /metrics", keys.read)).body;
  assert.match(metrics, /^halley_logic_http_out_of_scope_total 6$/m);
  assert.match(metrics, /^halley_logic_http_unauthorized_total 6$/m);
}

/** A user is sent away, kept out also behind a kill, and let in again. */
async function blockAndKill(server: RoleProcess, ask: Ask, key: string): Promise<void> {
  const tcp = () => parseAddress(server.addresses.tcp)!.port;
  const refused = async () => {
    const page = await WebSocketClient.connect(Number(new URL(server.addresses.websocket).port));
    page.socket.send(rawFrame(7, 1, token({ mid: 7 })));
    return await within("the end of the refused page", page.closed);
  };
  const client = await RawClient.open(tcp(), { mid: 7 });
  const other = await RawClient.open(tcp(), { mid: 8 });
  const block = '{"mid":"7","for_ms":3600000}';
  const { body } = await ask("POST /v1/block", key, block);
  assert.equal(body, '{"code":0,"message":"","data":{"closed":1,"failed":0}}');
  const last = (await client.untilClosed()).at(-1)!;
  assert.deepEqual([last.op, JSON.parse(last.body.toString()).code], [6, 4014]);
  assert.deepEqual(await refused(), { code: 4014, reason: "blocked" });
  other.send(2, 1);
  assert.equal((await other.next()).op, 3);
  const { key: name, address, asked, answer } = await server.logged(({ logger, call }) =>
    logger === "halley.audit" && call === "/v1/block"
  );
  assert.deepEqual([name, address, asked, answer], ["for-admin", "127.0.0.1", block, body]);

  await server.kill();
  await server.start();
  assert.deepEqual(await refused(), { code: 4014, reason: "blocked" });
  const kicked = await RawClient.open(tcp(), { mid: 9, room_id: "live://9" });
  const show = '{"room":"live://9","code":4100,"reason":"over"}';
  assert.match((await ask("POST /v1/disconnect", key, show)).body, /"closed":1,"failed":0/);
  assert.match((await kicked.untilClosed()).at(-1)!.body.toString(), /"code":4100,"reason":"over"/);
  assert.match((await ask("POST /v1/unblock", key, '{"mid":7}')).body, /"was_blocked":true/);
  (await RawClient.open(tcp(), { mid: 7 })).close();
}

/** A key that is taken out of the file opens nothing any more; a mistake changes nothing. */
async function rotate(
  server: RoleProcess,
  ask: Ask,
  file: string,
  keys: Readonly<Record<Scope, string>>,
): Promise<void> {
  const toml = await readFile(file, "utf8");
  const reload = async () => {
    const since = server.lines.length;
    server.signal("SIGHUP");
    await server.logged(({ message }) => message.includes("SIGHUP"), since);
  };
  await writeFile(file, toml.replace("scopes", "scope"));
  await reload();
  assert.equal((await ask(...pushWith(keys.push))).status, 200);
  await writeFile(file, toml.slice(toml.indexOf("[[keys]]", 1)));
  await reload();
  assert.equal((await ask(...pushWith(keys.push))).status, 401);
  assert.equal((await ask("GET /metrics", keys.read)).status, 200);
}

function pushWith(key: string): [line: string, key: string, body: string] {
  const [line, body] = CALLS.push;
  return [line, key, body];
}
