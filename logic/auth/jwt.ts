import { compactVerify, errors } from "jose";
import { excerpt } from "../../protocol/excerpt.ts";
import { parseJsonObject } from "../../protocol/json_object.ts";
import { Limits } from "../../protocol/limits.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { Identity } from "../hooks.ts";
import { claimChecks, type ClaimRules, identityOfClaims, readClaims } from "./jwt_claims.ts";
import type { KeyHint, KeySource, VerificationKey } from "./jwt_keys.ts";
import { type Claims, JwtRefused } from "./jwt_refused.ts";

/** Largest token, in bytes: what fits the body of a frame. */
export const JWT_BYTES_MAX = Limits.upstreamBodyBytesMax;

/** Longest `kid`, in characters. */
export const KID_CHARS_MAX = 256;

const compactForm = /^[\w-]+\.[\w-]+\.[\w-]*$/;

/**
 * Who a token (RFC 7519, signed in compact form) says that somebody is.
 *
 * @param nowMs Milliseconds since the epoch.
 * @throws {JwtRefused} When it does not count.
 * @throws {Error} When that cannot be said at the moment.
 */
export async function verifyJwt(
  token: string,
  keys: KeySource,
  rules: ClaimRules,
  nowMs: number,
): Promise<Identity> {
  const hint = readHead(token);
  const claims = await verifySignature(token, await findKey(keys, hint));
  for (const check of Object.values(claimChecks)) check(claims, rules, nowMs);
  return identityOfClaims(claims, rules.toleranceMs);
}

/** Reads what a token says of its key. @throws {JwtRefused} */
export function readHead(token: string): KeyHint {
  if (token.length > JWT_BYTES_MAX) {
    throw malformed(
      `it must have at most ${JWT_BYTES_MAX} bytes, current number is ${token.length}`,
    );
  }
  if (!compactForm.test(token)) throw malformed("it must be three parts in base64url with dots");
  const head = parseJsonObject(partOf(token, 0));
  if (head === undefined) throw malformed("its first part must be a JSON object");
  const { alg, kid, crit } = head;
  if (crit !== undefined) throw malformed("its first part must have no crit");
  if (typeof alg !== "string") throw malformed("its first part must have an alg");
  if (kid === undefined) return { alg };
  if (typeof kid === "string" && kid.length <= KID_CHARS_MAX) return { alg, kid };
  throw malformed(`kid must be text of at most ${KID_CHARS_MAX} characters`);
}

/** The claims of a token, as they are. @throws {JwtRefused} */
export function unverifiedClaims(token: string): Claims {
  const text = partOf(token, 1);
  if (parseJsonObject(text) === undefined) throw malformed("its second part must be a JSON object");
  return readClaims(text);
}

/** Finds the key of a token. @throws {JwtRefused} When there is none, or its algorithm is another. */
export async function findKey(keys: KeySource, hint: KeyHint): Promise<VerificationKey> {
  const key = await keys.find(hint);
  if (key !== undefined) return key;
  const { alg, kid } = hint;
  const name = kid === undefined ? "without kid" : `with kid ${excerpt(JSON.stringify(kid))}`;
  throw new JwtRefused(
    "Unsigned",
    `there is no one key for alg ${excerpt(JSON.stringify(alg))} ${name}`,
  );
}

/** The claims of a token that this key has signed. @throws {JwtRefused} */
export async function verifySignature(
  token: string,
  { key, algorithms }: VerificationKey,
): Promise<Claims> {
  try {
    await compactVerify(token, key, { algorithms: [...algorithms] });
  } catch (error) {
    if (error instanceof errors.JOSEError) throw new JwtRefused("Unsigned", error.message);
    throw error;
  }
  return unverifiedClaims(token);
}

function partOf(token: string, index: number): string {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(token.split(".")[index], { alphabet: "base64url" });
  } catch {
    throw malformed("its parts must be base64url");
  }
  const text = decodeUtf8(bytes);
  if (text === undefined) throw malformed("its parts must be UTF-8");
  return text;
}

function malformed(what: string): JwtRefused {
  return new JwtRefused("Malformed", what);
}
