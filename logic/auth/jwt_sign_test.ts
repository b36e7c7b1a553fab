import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createVerify } from "node:crypto";
import { test } from "node:test";
import { privateKey, publicKeyOf, SECRET, secretToken } from "../../tests/support/tokens.ts";
import { signingKey, signingSecret, signJwt } from "./jwt_sign.ts";

const claims = { mid: "1", rooms: ["live://*"] };

test("signJwt() signs as others do", async () => {
  const token = await signJwt(claims, await signingSecret(SECRET));
  assert.equal(token, secretToken(claims, { typ: "JWT" }));
  const key = privateKey("RS256");
  const [head, body, signature] = (await signJwt(claims, await signingKey(key))).split(".");
  const verify = createVerify("sha256").update(`${head}.${body}`);
  assert.ok(verify.verify(publicKeyOf(key), signature, "base64url"));
  assert.deepEqual(JSON.parse(atob(head)), { alg: "RS256", typ: "JWT" });
});

test("signingKey() takes the forms that openssl writes, and says what is wrong with others", async () => {
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { encoding: "utf8", stdio: "pipe" });
  const forms: readonly [string, string][] = [
    ["ES256", openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout")],
    ["EdDSA", privateKey("EdDSA")],
  ];
  for (const [alg, pem] of forms) assert.equal((await signingKey(`${pem}\n`)).algorithm, alg);
  const wrong: readonly [string, RegExp][] = [
    ["", /must be a private key as PEM/],
    [publicKeyOf(privateKey("ES256")), /must be a private key as PEM/],
    [privateKey("ES384"), /current type is EC P-384/],
  ];
  for (const [pem, message] of wrong) await assert.rejects(signingKey(pem), message);
  await assert.rejects(signingSecret("short"), /at least 32 bytes/);
  const small = await signingKey(privateKey("RS256", "-pkeyopt", "rsa_keygen_bits:1024"));
  await assert.rejects(signJwt(claims, small), /2048 bits/);
});
