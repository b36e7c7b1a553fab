import { parseMid } from "../../protocol/auth_token.ts";
import { excerpt } from "../../protocol/excerpt.ts";
import { JsonMembers } from "../../protocol/json_object.ts";
import type { Identity } from "../hooks.ts";
import { identityOf } from "./identity_members.ts";
import { type Claims, JwtRefused } from "./jwt_refused.ts";

/** Latest time that a claim may name, in seconds since the epoch: the last that a date can be. */
const NUMERIC_DATE_MAX = 8.64e12;

/** Claims that are members of an identity as they are. */
const memberNames = ["key", "room", "accepts", "rooms", "publish"] as const;

/** What an operator decides about claims. */
export interface ClaimRules {
  /** What `iss` must be; empty for anything. */
  readonly issuer: string;
  /** What `aud` must be or hold; empty for anything. */
  readonly audience: string;
  /** How far the clocks of those who make tokens may differ, in milliseconds. */
  readonly toleranceMs: number;
}

/** Splits the claims of a token, whose text is a JSON object. Of several of a name the last counts. */
export function readClaims(object: string): Claims {
  const claims = new Map<string, string>();
  const members = new JsonMembers(object);
  while (members.next()) claims.set(members.name(), members.value());
  return claims;
}

/** What must hold of every token, by the name of the check. Each throws {@linkcode JwtRefused}. */
export const claimChecks = {
  expiry(claims: Claims, { toleranceMs }: ClaimRules, nowMs: number): void {
    const expiresMs = timeOf(claims, "exp");
    if (expiresMs === undefined || nowMs < expiresMs + toleranceMs) return;
    throw new JwtRefused("Expired", `it expired ${span(nowMs - expiresMs)} ago`);
  },
  "not before"(claims: Claims, { toleranceMs }: ClaimRules, nowMs: number): void {
    const fromMs = timeOf(claims, "nbf");
    if (fromMs === undefined || fromMs <= nowMs + toleranceMs) return;
    throw new JwtRefused("Early", `it is valid from ${span(fromMs - nowMs)} from now on`);
  },
  "issued at"(claims: Claims, { toleranceMs }: ClaimRules, nowMs: number): void {
    const issuedMs = timeOf(claims, "iat");
    if (issuedMs === undefined || issuedMs <= nowMs + toleranceMs) return;
    throw new JwtRefused("Early", `it was issued ${span(issuedMs - nowMs)} from now`);
  },
  issuer(claims: Claims, { issuer }: ClaimRules): void {
    if (issuer === "" || valueOf(claims, "iss") === issuer) return;
    throw new JwtRefused("Foreign", `iss must be ${JSON.stringify(issuer)}, ${now(claims, "iss")}`);
  },
  audience(claims: Claims, { audience }: ClaimRules): void {
    if (audience === "") return;
    const given = valueOf(claims, "aud");
    if (given === audience || (Array.isArray(given) && given.includes(audience))) return;
    const wanted = JSON.stringify(audience);
    throw new JwtRefused("Foreign", `aud must be or hold ${wanted}, ${now(claims, "aud")}`);
  },
} as const;

/**
 * Who a token says that somebody is. It lasts as long as the token counts.
 *
 * @throws {JwtRefused} When a claim has a wrong form.
 */
export function identityOfClaims(claims: Claims, toleranceMs: number): Identity {
  const expiresMs = timeOf(claims, "exp");
  const members = memberNames.map((name) => [name, valueOf(claims, name)]);
  const mid = midOf(claims);
  try {
    const expiresAtMs = expiresMs === undefined ? undefined : Math.ceil(expiresMs + toleranceMs);
    return identityOf(mid, Object.fromEntries(members), expiresAtMs);
  } catch (error) {
    throw new JwtRefused("Claims", (error as Error).message);
  }
}

function midOf(claims: Claims): bigint {
  const name = claims.has("mid") ? "mid" : "sub";
  const json = claims.get(name);
  if (json === undefined) throw new JwtRefused("Claims", "it must have a mid, or digits as sub");
  // A number is no subject: RFC 7519 has text there.
  const mid = name === "sub" && !json.startsWith('"') ? undefined : parseMid(json);
  if (mid === undefined) throw wrong(claims, name, "an int64 in decimal digits");
  return mid;
}

/** A time, in milliseconds since the epoch; undefined when there is none. */
function timeOf(claims: Claims, name: string): number | undefined {
  const seconds = valueOf(claims, name);
  if (seconds === undefined) return undefined;
  if (typeof seconds === "number" && Math.abs(seconds) <= NUMERIC_DATE_MAX) return seconds * 1_000;
  throw wrong(claims, name, "a number of seconds since 1970");
}

function valueOf(claims: Claims, name: string): unknown {
  const json = claims.get(name);
  return json === undefined ? undefined : JSON.parse(json);
}

function wrong(claims: Claims, name: string, expected: string): JwtRefused {
  return new JwtRefused("Claims", `${name} must be ${expected}, ${now(claims, name)}`);
}

function now(claims: Claims, name: string): string {
  const json = claims.get(name);
  return json === undefined ? "and there is none" : `current value is ${excerpt(json)}`;
}

function span(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
