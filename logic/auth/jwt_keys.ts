import { createPublicKey, webcrypto } from "node:crypto";
import { importJWK, type JWK } from "jose";
import { parseJsonObject } from "../../protocol/json_object.ts";

/** Shortest secret for HS256, in bytes: as long as its hash, as RFC 7518 section 3.2 demands. */
const JWT_SECRET_BYTES_MIN = 32;

/** Fewest bits of an RSA key: RFC 7518 section 3.3. */
const RSA_BITS_MIN = 2048;

/** Most keys in a JWKS. */
export const JWKS_KEYS_MAX = 100;

/** Largest JWKS, in bytes. */
export const JWKS_BYTES_MAX = 256 * 1024;

/** What checks signatures. Which algorithms it is for is its own, whatever a token says. */
export interface VerificationKey {
  /** What tokens call it; undefined where there is but one key. */
  readonly kid?: string;
  /** One algorithm, by all of its names. */
  readonly algorithms: readonly string[];
  readonly key: webcrypto.CryptoKey;
}

/** What the head of a token says of its key. */
export interface KeyHint {
  readonly alg: string;
  readonly kid?: string;
}

/** Finds keys. */
export interface KeySource {
  /**
   * @returns The one key that may have signed a token with this head, or none.
   * @throws {Error} When it cannot be said at the moment.
   */
  find(hint: KeyHint): VerificationKey | undefined | Promise<VerificationKey | undefined>;
}

/** Names of the algorithms of public keys, by type and curve. */
const algorithmsOf: Readonly<Record<string, readonly string[]>> = {
  "RSA": ["RS256"],
  "EC P-256": ["ES256"],
  // The second is its name in RFC 9864.
  "OKP Ed25519": ["EdDSA", "Ed25519"],
};

/**
 * The one algorithm that a key is for, by all of its names.
 *
 * @throws {Error} When it is for none that is known.
 */
export function algorithmsOfKey({ kty, crv }: JWK): readonly string[] {
  const type = crv === undefined ? `${kty}` : `${kty} ${crv}`;
  if (Object.hasOwn(algorithmsOf, type)) return algorithmsOf[type];
  throw new Error(`a key must be of RSA, EC with P-256, or Ed25519, current type is ${type}`);
}

/** Keys that are known. */
export class KeySet implements KeySource {
  constructor(readonly keys: readonly VerificationKey[]) {}

  /** A key without a `kid` is for tokens with any; a token without one finds a key that is alone. */
  find({ alg, kid }: KeyHint): VerificationKey | undefined {
    const fitting = this.keys.filter((key) =>
      key.algorithms.includes(alg) &&
      (kid === undefined || key.kid === undefined || key.kid === kid)
    );
    return fitting.length === 1 ? fitting[0] : undefined;
  }
}

/** The key for HS256. */
export async function secretKey(secret: string): Promise<KeySet> {
  const bytes = new TextEncoder().encode(secret);
  if (bytes.byteLength < JWT_SECRET_BYTES_MIN) {
    throw new Error(
      `it must have at least ${JWT_SECRET_BYTES_MIN} bytes, current number is ${bytes.byteLength}`,
    );
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await webcrypto.subtle.importKey("raw", bytes, hmac, false, ["sign", "verify"]);
  return new KeySet([{ algorithms: ["HS256"], key }]);
}

/**
 * The public key of a PEM file: SPKI, or that of an X.509 certificate, of which nothing else counts.
 *
 * @throws {Error} When it is none, or of no algorithm that is known.
 */
export async function pemKey(pem: string): Promise<KeySet> {
  if (pem.includes("PRIVATE KEY-----")) {
    throw new Error("it must be a public key, and this is a private one, which signs tokens");
  }
  let jwk: JWK;
  try {
    jwk = createPublicKey(pem.trim()).export({ format: "jwk" }) as JWK;
  } catch {
    throw new Error("it must be a public key or a certificate as PEM");
  }
  return new KeySet([await publicKey(jwk)]);
}

/**
 * The keys of a JWKS (RFC 7517). Those for other purposes and algorithms, secret ones too, are left
 * out, as are those that are wrong.
 *
 * @throws {Error} When it is none, or no key is left.
 */
export async function jwksKeys(text: string): Promise<KeySet> {
  const list = parseJsonObject(text)?.keys;
  if (!Array.isArray(list)) throw new Error('it must be a JSON object with a list "keys"');
  if (list.length > JWKS_KEYS_MAX) {
    throw new Error(`it must have at most ${JWKS_KEYS_MAX} keys, current number is ${list.length}`);
  }
  const read = await Promise.allSettled(list.map((jwk) => jwksKey(jwk)));
  const keys = read.flatMap((one) => one.status === "fulfilled" ? one.value : []);
  if (keys.length > 0) return new KeySet(keys);
  const reasons = read.flatMap((one) => one.status === "rejected" ? one.reason.message : []);
  throw new Error(["it has no key that can be used", ...new Set(reasons)].join("; "));
}

async function jwksKey(jwk: JWK): Promise<VerificationKey> {
  const { kid, use = "sig", key_ops = ["verify"], alg } = jwk;
  if (use !== "sig" || !key_ops.includes("verify")) throw new Error("a key is not for signatures");
  const { algorithms, key } = await publicKey(jwk);
  if (alg !== undefined && !algorithms.includes(alg)) throw new Error(`no algorithm is "${alg}"`);
  return { kid: typeof kid === "string" ? kid : undefined, algorithms, key };
}

/** @throws {Error} When it cannot be used. */
async function publicKey({ kty, crv, n, e, x, y }: JWK): Promise<VerificationKey> {
  const algorithms = algorithmsOfKey({ kty, crv });
  const [alg] = algorithms;
  // Its public members alone.
  const key = await importJWK({ kty, crv, n, e, x, y }, alg) as unknown as webcrypto.CryptoKey;
  const { modulusLength = Infinity } = key.algorithm as { modulusLength?: number };
  if (modulusLength < RSA_BITS_MIN) {
    throw new Error(
      `an RSA key must have at least ${RSA_BITS_MIN} bits, current number is ${modulusLength}`,
    );
  }
  return { algorithms, key };
}
