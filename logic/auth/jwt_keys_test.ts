import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, test } from "node:test";
import { certificateOf, privateKey, publicKeyOf, SECRET } from "../../tests/support/tokens.ts";
import { JWKS_KEYS_MAX, jwksKeys, pemKey, secretKey } from "./jwt_keys.ts";

const ec = publicKeyOf(privateKey("ES256"));
const ed = publicKeyOf(privateKey("EdDSA"));
const jwkOf = (pem: string) => createPublicKey(pem).export({ format: "jwk" }) as object;
const jwks = (...keys: unknown[]) => jwksKeys(JSON.stringify({ keys }));

test("secretKey() refuses a short secret, by its bytes", async () => {
  await secretKey("é".repeat(16));
  await assert.rejects(secretKey(SECRET.slice(1)), /at least 32 bytes, current number is 31$/);
});

describe("pemKey()", () => {
  test("refuses keys that cannot be used, and says why", async () => {
    const key = privateKey("ES256");
    const small = publicKeyOf(privateKey("RS256", "-pkeyopt", "rsa_keygen_bits:1024"));
    const p384 = privateKey("ES384");
    const wrong: readonly [string, RegExp][] = [
      ["", /must be a public key or a certificate as PEM/],
      ["hello", /must be a public key or a certificate/],
      [ec.replace("MFkw", "MFkx"), /must be a public key or a certificate/],
      [key, /it must be a public key, and this is a private one/],
      [key + ec, /private one/],
      [small, /at least 2048 bits, current number is 1024/],
      [publicKeyOf(p384), /must be of RSA, EC with P-256, or Ed25519, current type is EC P-384/],
      [certificateOf(p384), /current type is EC P-384/],
    ];
    for (const [pem, message] of wrong) await assert.rejects(pemKey(pem), message);
  });
});

describe("jwksKeys()", () => {
  test("takes the keys that can be used, and no secret ones", async () => {
    const secret = { kty: "oct", k: "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY" };
    const { keys } = await jwks(
      { ...jwkOf(ec), kid: "a", alg: "ES256", use: "sig", key_ops: ["verify"], x5c: ["x"] },
      { ...jwkOf(ed), kid: "b" },
      { ...jwkOf(ec), kid: "c", use: "enc" },
      { ...jwkOf(ec), kid: "d", key_ops: ["sign"] },
      { ...jwkOf(ec), kid: "e", alg: "ES384" },
      { ...secret, kid: "f" },
      { ...secret, kid: "f", alg: "HS256", crv: "P-256" },
      { kty: "EC", crv: "P-256", kid: "g" },
      { kty: "EC", crv: "P-256", x: 5, y: {}, kid: "h" },
      { kty: "__proto__", kid: "i" },
      null,
      5,
      [],
    );
    const names = keys.map(({ kid, algorithms }) => [kid, ...algorithms]);
    assert.deepEqual(names, [["a", "ES256"], ["b", "EdDSA", "Ed25519"]]);
  });

  test("refuses what has none, or too many", async () => {
    for (const text of ["", "[]", "{}", '{"keys":{}}', '{"keys":5}', "{".repeat(9_999)]) {
      await assert.rejects(jwksKeys(text), /must be a JSON object with a list "keys"$/);
    }
    await assert.rejects(jwks(), /no key that can be used$/);
    await assert.rejects(jwks({ kty: "oct", k: "x" }), /no key .*; .* current type is oct$/);
    await jwks(...Array(JWKS_KEYS_MAX).fill(jwkOf(ed)));
    await assert.rejects(jwks(...Array(JWKS_KEYS_MAX + 1).fill(jwkOf(ed))), /at most 100 keys/);
  });

  test("finds the one key that may have signed a token", async () => {
    const set = await jwks({ ...jwkOf(ec), kid: "a" }, { ...jwkOf(ec), kid: "b" }, {
      ...jwkOf(ed),
      kid: "a",
    });
    assert.equal(set.find({ alg: "ES256", kid: "b" }), set.keys[1]);
    assert.equal(set.find({ alg: "EdDSA", kid: "a" }), set.keys[2]);
    assert.equal(set.find({ alg: "EdDSA" }), set.keys[2]);
    for (const hint of [{ alg: "ES256" }, { alg: "ES256", kid: "c" }, { alg: "HS256", kid: "a" }]) {
      assert.equal(set.find(hint), undefined, JSON.stringify(hint));
    }
  });
});
