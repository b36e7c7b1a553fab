import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import {
  certificateOf,
  makeToken,
  privateKey,
  publicKeyOf,
  SECRET,
  secretToken,
} from "../../tests/support/tokens.ts";
import { JWT_BYTES_MAX, KID_CHARS_MAX, verifyJwt } from "./jwt.ts";
import type { ClaimRules } from "./jwt_claims.ts";
import { jwksKeys, type KeySet, pemKey, secretKey } from "./jwt_keys.ts";
import { type JwtFault, JwtRefused } from "./jwt_refused.ts";

const NOW_S = 1_800_000_000;
const rules: ClaimRules = { issuer: "", audience: "", toleranceMs: 5_000 };
const keys = await secretKey(SECRET);

function verify(token: string, changes: Partial<ClaimRules> = {}, from: KeySet = keys) {
  return verifyJwt(token, from, { ...rules, ...changes }, NOW_S * 1_000);
}

async function refused(
  fault: JwtFault,
  token: string,
  changes: Partial<ClaimRules> = {},
  from: KeySet = keys,
): Promise<string> {
  const error = await verify(token, changes, from).then(() => undefined, (error) => error);
  assert.ok(error instanceof JwtRefused, `${error ?? "it was let in"}`);
  assert.equal(error.fault, fault, error.message);
  return error.message;
}

const pairs = (["RS256", "ES256", "EdDSA"] as const).map((alg) => {
  const key = privateKey(alg);
  return { alg, key, pem: publicKeyOf(key) };
});

describe("verifyJwt() believes", () => {
  const golden = JSON.parse(readFileSync("tests/golden/pyjwt_tokens.json", "utf8"));
  for (const [alg, { key, token }] of Object.entries<{ key: string; token: string }>(golden)) {
    test(`what PyJWT has signed by ${alg}`, async () => {
      const from = alg === "HS256" ? await secretKey(key) : await pemKey(key);
      const changes = { issuer: "https://id.example.com", audience: "push" };
      assert.deepEqual(await verify(token, changes, from), {
        mid: 9_007_199_254_740_993n,
        key: undefined,
        room: "live://1",
        accepts: [1000],
        rooms: ["live://vip-*", "live://1"],
        publish: undefined,
        expiresAtMs: 4_102_444_805_000,
      });
    });
  }

  for (const { alg, key, pem } of pairs) {
    test(`a key of openssl for ${alg}, as a public key and in a certificate`, async () => {
      const token = makeToken({ mid: 1 }, { alg, key });
      for (const text of [pem, `\n${pem}`, certificateOf(key)]) {
        assert.equal((await verify(token, {}, await pemKey(text))).mid, 1n);
      }
    });
  }

  test("the examples of RFC 7515 and RFC 8037, but for what they say", async () => {
    const es256 =
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9" +
      "leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5dj" +
      "xLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const ed25519 =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLW" +
      "G1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    const from = await jwksKeys(JSON.stringify({
      keys: [
        {
          kty: "EC",
          crv: "P-256",
          x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
          y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        },
        { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
      ],
    }));
    await refused("Expired", es256, {}, from);
    assert.match(await refused("Malformed", ed25519, {}, from), /second part must be a JSON/);
  });

  test("EdDSA by its newer name", async () => {
    const { key, pem } = pairs[2];
    const token = makeToken({ mid: 1 }, { alg: "EdDSA", key, head: { alg: "Ed25519" } });
    assert.equal((await verify(token, {}, await pemKey(pem))).mid, 1n);
  });
});

describe("verifyJwt() refuses", () => {
  test("tokens that nobody has signed", async () => {
    const none = makeToken({ mid: 1 }, { alg: "none", key: "" });
    for (const alg of ["none", "None", "NONE", ""]) {
      await refused("Unsigned", makeToken({ mid: 1 }, { alg: "none", key: "", head: { alg } }));
    }
    await refused("Unsigned", none.replace(/\.$/, `.${secretToken({}).split(".")[2]}`));
    for (const { pem } of pairs) await refused("Unsigned", none, {}, await pemKey(pem));
  });

  test("another algorithm than the key's, whatever the token says", async () => {
    for (const { alg, pem } of pairs) {
      const from = await pemKey(pem);
      // The public key, which is known to all, as a secret.
      for (const key of [pem, pem.trim()]) {
        await refused("Unsigned", makeToken({ mid: 1 }, { alg: "HS256", key }), {}, from);
        const head = { alg };
        await refused("Unsigned", makeToken({ mid: 1 }, { alg: "HS256", key, head }), {}, from);
      }
      for (const other of pairs) {
        if (other.alg === alg) continue;
        await refused("Unsigned", makeToken({ mid: 1 }, other), {}, from);
        await refused("Unsigned", makeToken({ mid: 1 }, { ...other, head: { alg } }), {}, from);
      }
    }
    for (const alg of ["HS384", "HS512"]) {
      await refused("Unsigned", makeToken({ mid: 1 }, { alg, key: SECRET }));
    }
    const [{ key, pem }] = pairs;
    const rs512 = makeToken({ mid: 1 }, { alg: "RS512", key });
    await refused("Unsigned", rs512, {}, await pemKey(pem));
  });

  test("what another key has signed, or was changed on the way", async () => {
    const token = secretToken({ mid: 1 });
    const key = SECRET.replace("0", "1");
    await refused("Unsigned", makeToken({ mid: 1 }, { alg: "HS256", key }));
    const [head, claims, signature] = token.split(".");
    const other = secretToken({ mid: 2 }).split(".")[1];
    for (const changed of [[head, other, signature], [head, claims, signature.slice(1)]]) {
      await refused("Unsigned", changed.join("."));
    }
    const { alg, pem } = pairs[1];
    const theirs = makeToken({ mid: 1 }, { alg, key: privateKey(alg) });
    await refused("Unsigned", theirs, {}, await pemKey(pem));
  });

  test("what is no token, or a huge one", async () => {
    const [head, claims, signature] = secretToken({ mid: 1 }).split(".");
    const wrong = ["", ".", "..", "x", `${head}.${claims}`, `${head}.${claims}.${signature}.`];
    wrong.push(`${head}.${claims}.${signature} `, `${head} .${claims}.${signature}`, "é.é.é");
    wrong.push(`W10.${claims}.${signature}`, `bnVsbA.${claims}.${signature}`);
    for (const token of wrong) await refused("Malformed", token);
    const heads = [{ alg: 5 }, { alg: null }, { kid: 5 }, { kid: "k".repeat(KID_CHARS_MAX + 1) }];
    heads.push({ crit: ["b64"], b64: false } as object as { kid: string }, { crit: [] } as never);
    for (const head of heads) await refused("Malformed", secretToken({ mid: 1 }, head));
    for (const claims of ["[]", "null", "5", "", "{", '"{}"']) {
      await refused("Malformed", secretToken(claims));
    }
    const huge = secretToken({ mid: 1, x: "x".repeat(JWT_BYTES_MAX) });
    assert.match(await refused("Malformed", huge), /at most 4096 bytes/);
    const deep = secretToken(`{"mid":1,"rooms":${"[".repeat(1_400)}${"]".repeat(1_400)}}`);
    await refused("Claims", deep);
  });

  test("what has expired, or is not valid yet, beyond the tolerance", async () => {
    const at = (claims: object) => secretToken({ mid: 1, ...claims });
    await verify(at({ exp: NOW_S - 4.9, nbf: NOW_S + 4.9, iat: NOW_S + 5 }));
    await verify(at({ exp: NOW_S + 0.5 }), { toleranceMs: 0 });
    await refused("Expired", at({ exp: NOW_S - 5 }));
    await refused("Expired", at({ exp: NOW_S }), { toleranceMs: 0 });
    await refused("Expired", at({ exp: -1 }));
    await refused("Early", at({ nbf: NOW_S + 5.1 }));
    await refused("Early", at({ nbf: NOW_S + 0.1 }), { toleranceMs: 0 });
    await refused("Early", at({ iat: NOW_S + 6 }));
    // The last of several counts, for whoever signs as for us.
    await refused("Expired", secretToken(`{"mid":1,"exp":${NOW_S + 9},"exp":1}`));
  });

  test("what another has issued, or is for others", async () => {
    const [issuer, audience] = ["https://id.example.com", "push"];
    const token = (claims: object) => secretToken({ mid: 1, ...claims });
    await verify(token({ iss: issuer }), { issuer });
    for (const aud of [audience, [audience], ["web", audience]]) {
      await verify(token({ aud }), { audience });
    }
    for (const iss of [undefined, "", `${issuer}/`, [issuer], null, 5]) {
      await refused("Foreign", token({ iss }), { issuer });
    }
    for (const aud of [undefined, "", "pus", "push2", [], [["push"]], { push: 1 }, null]) {
      await refused("Foreign", token({ aud }), { audience });
    }
  });
});
