import { createPrivateKey, webcrypto } from "node:crypto";
import { CompactSign, importJWK, type JWK } from "jose";
import { algorithmsOfKey, secretKey } from "./jwt_keys.ts";

/** What signs a token. */
export interface SigningKey {
  readonly algorithm: string;
  readonly key: webcrypto.CryptoKey;
}

/** The secret, for HS256. @throws {Error} When it is too short. */
export async function signingSecret(secret: string): Promise<SigningKey> {
  const [{ key }] = (await secretKey(secret)).keys;
  return { algorithm: "HS256", key };
}

/**
 * The private key of a PEM file; which algorithm it is for is up to its type.
 *
 * @throws {Error} When it is none, or of no algorithm that is known.
 */
export async function signingKey(pem: string): Promise<SigningKey> {
  let jwk: JWK;
  try {
    jwk = createPrivateKey(pem.trim()).export({ format: "jwk" }) as JWK;
  } catch {
    throw new Error("it must be a private key as PEM, without a password");
  }
  const [algorithm] = algorithmsOfKey(jwk);
  const key = await importJWK(jwk, algorithm) as unknown as webcrypto.CryptoKey;
  return { algorithm, key };
}

/** Makes a token (RFC 7519, in compact form). @throws {Error} When the key is too small. */
export async function signJwt(claims: object, { algorithm, key }: SigningKey): Promise<string> {
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  const signing = new CompactSign(payload).setProtectedHeader({ alg: algorithm, typ: "JWT" });
  return await signing.sign(key);
}
