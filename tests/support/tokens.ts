import { execFileSync } from "node:child_process";
import { createHmac, createPrivateKey, sign } from "node:crypto";

/** A secret for HS256. */
export const SECRET = "0123456789abcdef0123456789abcdef";

const encoder = new TextEncoder();

function base64url(value: Uint8Array | string): string {
  const bytes = typeof value === "string" ? encoder.encode(value) : value;
  return Uint8Array.from(bytes).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What openssl makes a key from, by algorithm. */
const keyArgs = {
  RS256: ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
  ES256: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
  ES384: ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
  EdDSA: ["-algorithm", "ed25519"],
} as const;

function openssl(args: readonly string[], input?: string): string {
  return execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });
}

/** Makes a private key as PEM, by openssl. */
export function privateKey(algorithm: keyof typeof keyArgs, ...more: readonly string[]): string {
  return openssl(["genpkey", ...keyArgs[algorithm], ...more]);
}

/** The public key of a private one as PEM, by openssl. */
export function publicKeyOf(key: string): string {
  return openssl(["pkey", "-pubout"], key);
}

/** A certificate that a private key has signed itself as PEM, by openssl. */
export function certificateOf(key: string): string {
  return openssl(["req", "-x509", "-key", "/dev/stdin", "-subj", "/CN=x", "-days", "1"], key);
}

/** How a token is signed. */
export interface Signing {
  readonly alg: string;
  /** The secret, or the private key as PEM. */
  readonly key: string;
  /** Members of its head beside alg; alg too. */
  readonly head?: Readonly<Record<string, unknown>>;
}

/** Makes a token with Node's crypto alone, also one that no library would make. */
export function makeToken(claims: object | string, { alg, key, head }: Signing): string {
  const json = typeof claims === "string" ? claims : JSON.stringify(claims);
  const signed = `${base64url(JSON.stringify({ alg, ...head }))}.${base64url(json)}`;
  return `${signed}.${base64url(signatureOf(signed, alg, key))}`;
}

function signatureOf(text: string, alg: string, key: string): Uint8Array {
  if (alg === "none") return new Uint8Array();
  if (alg.startsWith("HS")) return createHmac(`sha${alg.slice(2)}`, key).update(text).digest();
  const hash = alg === "EdDSA" ? undefined : `sha${alg.slice(2)}`;
  return sign(hash, encoder.encode(text), {
    key: createPrivateKey(key),
    dsaEncoding: "ieee-p1363",
  });
}

/** A token by HS256 with {@linkcode SECRET}. */
export function secretToken(claims: object | string, head?: Signing["head"]): string {
  return makeToken(claims, { alg: "HS256", key: SECRET, head });
}
