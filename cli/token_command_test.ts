import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ManualClock } from "../base/clock.ts";
import { ConfigError } from "../options/reading.ts";
import { MemoryProcess } from "../tests/memory_platform/process.ts";
import { withDirectory } from "../tests/support/data_directory.ts";
import { privateKey, publicKeyOf, SECRET, secretToken } from "../tests/support/tokens.ts";
import { checkTokenCommand, checkTokenHelp } from "./check_token_command.ts";
import { tokenCommand, tokenHelp } from "./token_command.ts";

const NOW_MS = 1_800_000_000_000;
const configured = { HALLEY_JWT_SECRET: SECRET };

function platformWith(env: Record<string, string>) {
  return { process: new MemoryProcess({ env }) };
}

const make = (args: readonly string[], env: Record<string, string> = configured) =>
  tokenCommand(platformWith(env), args, NOW_MS);

function check(args: readonly string[], env: Record<string, string> = configured, input = "") {
  const clock = new ManualClock(NOW_MS);
  return checkTokenCommand(platformWith(env), args, clock, () => input);
}

async function mistakesOf(running: Promise<unknown>): Promise<string> {
  const error = await running.then(() => undefined, (error) => error);
  assert.ok(error instanceof ConfigError, `${error}`);
  return error.mistakes.join("\n");
}

test("halley token makes what halley check-token lets in, with every claim", async () => {
  const env = { ...configured, HALLEY_JWT_ISSUER: "us", HALLEY_JWT_AUDIENCE: "push" };
  const flags = ["--mid", "9007199254740993", "--room", "live://1", "--rooms", "live://*, a://1"];
  const more = ["--publish", "", "--accepts", "1000,1001", "--key", "k", "--ttl", "10m"];
  const token = await make([...flags, ...more], env);
  const claims = JSON.parse(atob(token.split(".")[1]));
  assert.deepEqual(claims, {
    iss: "us",
    aud: "push",
    mid: "9007199254740993",
    key: "k",
    room: "live://1",
    rooms: ["live://*", "a://1"],
    publish: [],
    accepts: [1000, 1001],
    iat: NOW_MS / 1_000,
    exp: NOW_MS / 1_000 + 600,
  });
  const { text, code } = await check([token], env);
  assert.equal(code, 0, text);
  assert.match(text, /let in as mid 9007199254740993, into live:\/\/\*, a:\/\/1, live:\/\/1$/);
  assert.match(text, /exp {2,}1800000600 \(2027-01-15T08:10:00.000Z\)/);
  assert.ok(!text.includes(SECRET) && !text.includes(token.split(".")[2]));
  for (const input of [token, `${token}\n`, JSON.stringify({ token, room_id: "a://1" })]) {
    assert.equal((await check(["-"], env, input)).code, 0);
    assert.equal((await check([], env, input)).code, 0);
  }
});

test("halley token signs with a private key, and check-token takes its public half", () =>
  withDirectory(async (directory) => {
    for (const alg of ["RS256", "ES256", "EdDSA"] as const) {
      const [key, pem, other] = ["key", "pub", "other"].map((name) => join(directory, name));
      const own = privateKey(alg);
      await writeFile(key, own);
      await writeFile(pem, publicKeyOf(privateKey(alg)));
      await writeFile(other, publicKeyOf(own));
      const token = await make(["--key-file", key, "--mid", "7"], {});
      const passed = await check(["--jwt-key-file", other, token], {});
      assert.equal(passed.code, 0, passed.text);
      const failed = await check([token, "--jwt-key-file", pem], {});
      assert.match(failed.text, / {2}ok {4}key\n {2}FAIL {2}signature: /);
      assert.equal(failed.code, 1);
    }
  }));

test("halley check-token says which check fails, and why", async () => {
  const cases: readonly [object | string, RegExp][] = [
    [{ mid: 1, exp: NOW_MS / 1_000 - 60 }, /FAIL {2}expiry: it expired 60 s ago/],
    [{ mid: 1, nbf: NOW_MS / 1_000 + 60 }, /FAIL {2}not before: it is valid from 60 s from now/],
    [{ name: "x" }, /FAIL {2}identity: it must have a mid, or digits as sub/],
    ["[]", /ok {4}form\n {2}FAIL {2}claims: its second part must be a JSON object/],
  ];
  for (const [claims, message] of cases) {
    const { text, code } = await check([secretToken(claims)]);
    assert.match(text, message);
    assert.match(text, /\n\nits bearer is refused$/);
    assert.equal(code, 1);
  }
  const none = await check([secretToken({ mid: 1 })], {});
  assert.match(none.text, /FAIL {2}key: there is none: set one of jwt-secret/);
  const issuer = await check([secretToken({ mid: 1 }), "--jwt-issuer", "us"]);
  assert.match(issuer.text, /FAIL {2}issuer: iss must be "us", and there is none/);
  for (const garbage of ["x", "", "a.b.c", "é"]) {
    assert.match((await check(["-"], configured, garbage)).text, /FAIL {2}form: /);
  }
});

test("halley check-token shows a terminal nothing that it would obey", async () => {
  const evil = "\x1b[31m\u009b2J\u202e";
  const token = secretToken({ mid: 1, [evil]: evil }, { kid: evil });
  for (const args of [[token], [token, "--jwt-issuer", "us"]]) {
    assert.match((await check(args)).text, /^[\n -~]+$/);
  }
});

test("halley token and check-token say what is wrong with the command line", async () => {
  const cases: readonly [readonly string[], RegExp][] = [
    [["--mid", "x"], /--mid = "x": must be an int64/],
    [["--mid", "9223372036854775808"], /--mid = "9223372036854775808": must be an int64/],
    [["--room", "live://*"], /room must be a room key without \*/],
    [["--rooms", "a*b"], /rooms must be a list/],
    [["--accepts", "x"], /--accepts = .*: must be numbers/],
    [["--ttl", "0s"], /--ttl = "0s": must be a duration/],
    [["--wrong"], /--wrong: there is no such flag/],
    [["--key-file", "/nowhere"], /Cannot use --key-file "\/nowhere": there is no such file/],
    [["--key-file", "mod.ts"], /it must be a private key as PEM/],
    [["1"], /unexpected argument "1"/],
  ];
  for (const [args, message] of cases) assert.match(await mistakesOf(make(args)), message);
  assert.match(await mistakesOf(make([], {})), /set jwt-secret, or give --key-file/);
  const short = await mistakesOf(make([], { HALLEY_JWT_SECRET: "0123456789abcdef" }));
  assert.match(short, /^HALLEY_JWT_SECRET: must be 32 to 1000 visible/);
  assert.doesNotMatch(short, /0123/);
  assert.match(await mistakesOf(check(["x", "y"])), /unexpected argument "y"/);
  assert.match(await mistakesOf(check(["x", "--jwks", "mod.ts"], {})), /Cannot use jwks "mod.ts"/);
});

test("halley token and check-token teach with --help", async () => {
  assert.equal(await make(["--mid", "x", "--help"]), tokenHelp);
  assert.equal((await check(["-h"])).text, checkTokenHelp);
  for (const text of [tokenHelp, checkTokenHelp]) {
    assert.match(text, /\nUsage: halley /);
    assert.match(text, /\nExamples:\n/);
  }
});
