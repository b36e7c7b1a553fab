import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../options/address.ts";
import { describeBeside } from "../support/beside.ts";
import { withDirectory } from "../support/data_directory.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { RedisServer } from "../support/redis_server.ts";
import { RoleProcess } from "../support/role_process.ts";
import { makeToken, privateKey, publicKeyOf } from "../support/tokens.ts";
import { until } from "../support/until.ts";

const ANY = "127.0.0.1:0";
const CLIENTS = 20;
const RELOADS = 20;

/** The configuration that a server under test reads. */
class ConfigFile {
  readonly path: string;

  constructor(directory: string, text: string) {
    this.path = join(directory, "halley.toml");
    this.write(text);
  }

  /** Whoever reads it sees all of it or nothing. */
  write(text: string): void {
    writeFileSync(`${this.path}.new`, text);
    renameSync(`${this.path}.new`, this.path);
  }
}

const toml = (apiKey: string, more = "") => `[api]\napi-key = "${apiKey}"\n${more}`;

/** Sends SIGHUP and waits for what the process says to it. */
async function reload(role: RoleProcess, wanted: RegExp): Promise<string> {
  const since = role.lines.length;
  role.signal("SIGHUP");
  const { message } = await role.logged(({ message }) => wanted.test(message), since);
  return message;
}

async function push(api: string, key: string, body: string): Promise<number> {
  const url = `${api}/goim/push/room?operation=1000&type=live&room=1000`;
  const headers = { authorization: `Bearer ${key}` };
  const answer = await fetch(url, { method: "POST", body, headers });
  return (await answer.json()).code;
}

const connect = (server: RoleProcess, mid = 1) =>
  RawClient.open(parseAddress(server.addresses.tcp)!.port, { mid });

/** Runs `start` with a file. */
async function withServer(
  flags: Readonly<Record<string, string>>,
  text: string,
  use: (server: RoleProcess, file: ConfigFile) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const file = new ConfigFile(directory, text);
    const server = new RoleProcess({
      command: "start",
      name: "server",
      flags: { tcp: ANY, ws: ANY, http: ANY, config: file.path, ...flags },
      upMessage: "listening",
    });
    try {
      await server.start();
      await use(server, file);
    } finally {
      await server.kill();
    }
  });
}

/** Reloads again and again, to other keys and limits, while clients are pushed to. */
async function underLoad(server: RoleProcess, file: ConfigFile): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => connect(server, index)),
  );
  let pushed = 0;
  for (let round = 1; round <= RELOADS; round++) {
    const more = `[comet]\noperations-max = ${50 + round}\n[sessions]\nper-mid-max = ${
      100 + round
    }\n`;
    file.write(toml(`key-number-${round}`, more));
    server.signal("SIGHUP");
    const isTaken = async () =>
      await push(server.addresses.http, `key-number-${round}`, text()) === 0;
    const text = () => String(pushed + 1);
    for (let turn = 0; turn < 3; turn++, pushed++) await until("the next key's day", isTaken);
    assert.notEqual(await push(server.addresses.http, `key-number-${round - 1}`, "no"), 0);
    // Who has just come is in as well.
    if (round === RELOADS / 2) (await connect(server, CLIENTS)).socket.destroy();
  }
  for (const client of clients) {
    const frames = await client.take(pushed);
    const expected = Array.from({ length: pushed }, (_, index) => String(index + 1));
    assert.deepEqual(frames.map(({ body }) => body.toString()), expected);
    client.socket.destroy();
  }
}

const cases: Readonly<Record<string, () => Promise<void>>> = {
  "loses nobody and nothing over twenty reloads"() {
    return withServer({}, toml("key-number-0"), underLoad);
  },

  "tells its workers, who lose nobody and nothing either"() {
    return withServer({ workers: "2" }, toml("key-number-0"), async (server, file) => {
      await underLoad(server, file);
      file.write(toml("the-last-key", "[comet]\nhandshake-deadline = '200ms'\n"));
      server.signal("SIGHUP");
      const isTaken = async () => await push(server.addresses.http, "the-last-key", "x") === 0;
      await until("the last key's day", isTaken);
      // Workers take it in a moment, each in its own.
      await until("the end of a silent client", async () => {
        const silent = await RawClient.connect(parseAddress(server.addresses.tcp)!.port);
        return await within("its end", silent.closed, 1_500).then(() => true, () => false);
      });
    });
  },

  async "goes on as before after a mistake, and says all of them"() {
    await withServer({}, toml("the-first-key"), async (server, file) => {
      const { http } = server.addresses;
      const wrong: [string, RegExp][] = [
        [toml("short", '[log]\nlog-level = "loud"\n'), /api\.api-key.*; .*log-level/],
        ['[api]\napi-key = "the sec', /halley\.toml:2:/],
        [toml("the-second-key", "[comet]\nring-max = 3\nnonsense = 1\n"), /ring-max.*nonsense/],
      ];
      for (const [text, mistakes] of wrong) {
        writeFileSync(file.path, text);
        assert.match(await reload(server, /goes on as before/), mistakes);
        assert.equal(await push(http, "the-first-key", "x"), 0);
      }
      rmSync(file.path);
      assert.match(await reload(server, /goes on as before/), /there is no such file/);
      const next = '[log]\nlog-level = "debug"\n[listen]\nmetrics = "127.0.0.1:9"\n';
      file.write(toml("the-second-key", next));
      assert.equal(await reload(server, /api-key/), 'SIGHUP: "api-key, log-level: info -> debug"');
      await server.logged(({ message }) => /restart: .*metrics:.*127\.0\.0\.1:9/.test(message));
      assert.equal(await push(http, "the-second-key", "x"), 0);
      assert.notEqual(await push(http, "the-first-key", "x"), 0);
      // One that has begun when it is to stop keeps nobody waiting.
      server.signal("SIGHUP");
      assert.equal(await server.stop(), "0");
    });
  },

  async "reads the files of keys again, whose paths are the same"() {
    await withDirectory(async (directory) => {
      const file = new ConfigFile(directory, "");
      const [pem, keys] = ["key.pem", "keys.toml"].map((name) => join(directory, name));
      const signers = { a: privateKey("ES256"), b: privateKey("ES256") };
      const write = (letter: keyof typeof signers) => {
        writeFileSync(pem, publicKeyOf(signers[letter]));
        const sha256 = createHash("sha256").update(`key-of-${letter}`).digest("hex");
        writeFileSync(
          keys,
          `[[keys]]\nname = "${letter}"\nsha256 = "${sha256}"\nscopes = ["push"]`,
        );
      };
      file.write(
        `[auth]\nauth = "jwt"\njwt-key-file = "${pem}"\n[api]\napi-keys-file = "${keys}"\n`,
      );
      write("a");
      const server = new RoleProcess({
        command: "start",
        name: "server",
        flags: { tcp: ANY, ws: ANY, http: ANY, config: file.path },
        upMessage: "listening",
      });
      const opens = async (letter: keyof typeof signers) => {
        const client = await RawClient.connect(parseAddress(server.addresses.tcp)!.port);
        const claims = { mid: 1, room: "live://1000", accepts: [1000] };
        client.send(7, 1, makeToken(claims, { alg: "ES256", key: signers[letter] }));
        const { op } = await client.next().catch(() => ({ op: 0 }));
        if (op === 8) return client;
        client.socket.destroy();
        return undefined;
      };
      try {
        await server.start();
        const { http } = server.addresses;
        const early = (await opens("a"))!;
        assert.equal(await opens("b"), undefined);
        write("b");
        await reload(server, /^SIGHUP: "?API keys: a, b"?$/);
        assert.equal(await opens("a"), undefined);
        const late = (await opens("b"))!;
        assert.notEqual(await push(http, "key-of-a", "x"), 0);
        assert.equal(await push(http, "key-of-b", "x"), 0);
        for (const client of [early, late]) {
          assert.equal((await client.next()).body.toString(), "x");
          client.socket.destroy();
        }
        writeFileSync(pem, "{");
        rmSync(keys);
        const said = await reload(server, /goes on as before/);
        assert.match(said, /jwt-key-file/);
        assert.match(said, /keys\.toml/);
        assert.equal(await push(http, "key-of-b", "x"), 0);
        (await opens("b"))!.socket.destroy();
      } finally {
        await server.kill();
      }
    });
  },

  async "is known to each role of a cluster"() {
    const redis = await RedisServer.start();
    const roles: RoleProcess[] = [];
    await withDirectory(async (directory) => {
      const file = new ConfigFile(directory, toml("the-first-key"));
      const start = async (command: string, upMessage: string, flags: Record<string, string>) => {
        const all = { config: file.path, ...flags };
        const role = new RoleProcess({ command, name: `${command}-1`, flags: all, upMessage });
        roles.push(role);
        await role.start();
        return role;
      };
      try {
        const store = { redis: redis.url };
        const logic = await start("logic", "listening", { ...store, http: ANY, rpc: ANY });
        await start("job", "reads the push log", store);
        const links = { logic: logic.addresses.rpc, rpc: ANY };
        const comet = await start("comet", "listening", { ...links, tcp: ANY, ws: ANY });
        const client = await connect(comet);
        file.write(toml("the-second-key", "[comet]\nhandshake-deadline = '200ms'\n"));
        for (const role of roles) {
          await reload(role, /^SIGHUP: "api-key, handshake-deadline: 8s -> 200ms"$/);
        }
        const { http } = logic.addresses;
        assert.notEqual(await push(http, "the-first-key", "x"), 0);
        assert.equal(await push(http, "the-second-key", "here"), 0);
        assert.equal((await client.next()).body.toString(), "here");
        const silent = await RawClient.connect(parseAddress(comet.addresses.tcp)!.port);
        await until(
          "the end of a client without auth",
          () => Promise.resolve(silent.socket.closed),
        );
        client.socket.destroy();
      } finally {
        for (const role of roles) await role.kill();
        await redis.stop();
      }
    });
  },
};

describeBeside("A server at SIGHUP", { timeout: 90_000 }, cases, (run) => run());
