import { readFileSync } from "node:fs";
import type { Clock } from "../base/clock.ts";
import { readAuthBody } from "../logic/auth/auth_body.ts";
import { JwksUrl } from "../logic/auth/jwks_url.ts";
import { findKey, readHead, unverifiedClaims, verifySignature } from "../logic/auth/jwt.ts";
import { claimChecks, identityOfClaims } from "../logic/auth/jwt_claims.ts";
import type { KeySource } from "../logic/auth/jwt_keys.ts";
import type { Claims } from "../logic/auth/jwt_refused.ts";
import { LogicCounters } from "../logic/counters.ts";
import type { Identity } from "../logic/hooks.ts";
import { ConfigError } from "../options/reading.ts";
import type { Platform } from "../platform/port.ts";
import { readKeys } from "./auth.ts";
import { isUrl } from "./config/auth_relations.ts";
import { loadForTool } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { checkMayConnect } from "./permission_hints.ts";

/** What `halley check-token --help` prints. */
export const checkTokenHelp = `Explains a token: what it says, and whether a server with this
configuration lets its bearer in, check by check.

Usage: halley check-token [TOKEN|-] [FLAG]...

Examples:
  halley check-token --config halley.toml eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9....
  halley token --config halley.toml --mid 1 | halley check-token - --config halley.toml
  halley check-token - --jwt-key-file tokens.pub.pem --jwt-issuer https://id.example.com < token

Without TOKEN, or with -, it comes from standard input. The flags are those of halley start; what
counts is jwt-secret, jwt-key-file or jwks, jwt-issuer, jwt-audience and jwt-tolerance. Its signature
and the keys are not printed, its claims are. Ends with 0 when the bearer is let in, with 1 when not,
and with 2 when the command line or the configuration is wrong. On Deno, keys in a file or at a URL
need --allow-read or --allow-net.`;

/** What is printed, and what the command ends with. */
export interface TokenReport {
  readonly text: string;
  readonly code: 0 | 1;
}

/** The keys by which tokens are checked; nothing where the configuration has none. */
async function keysOf(config: Config, { process }: Pick<Platform, "process">, clock: Clock) {
  const { jwtSecret, jwtKeyFile, jwks } = config;
  if (jwtSecret === "" && jwtKeyFile === "" && jwks === "") return undefined;
  if (!isUrl(jwks)) return await readKeys(config);
  checkMayConnect("jwks", jwks, process);
  return new JwksUrl(jwks, { clock, running: clock, counters: new LogicCounters() });
}

/** Checks in turn, and how each ended. */
class Checks {
  readonly lines: string[] = [];
  failed = false;

  /** @returns What the check found; nothing when it failed. */
  async run<Found>(name: string, check: () => Found | Promise<Found>): Promise<Found | undefined> {
    try {
      const found = await check();
      this.lines.push(`  ok    ${name}`);
      return found;
    } catch (error) {
      this.failed = true;
      this.lines.push(`  FAIL  ${name}: ${(error as Error).message}`);
      return undefined;
    }
  }
}

function listed(title: string, members: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(0, ...members.map(([name]) => name.length));
  return [title, ...members.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`), ""];
}

/** Text of a stranger as a terminal may be shown it. */
function visible(text: string): string {
  return text.replaceAll(
    /[^\n -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Claims as they were written; times as dates as well. */
function claimLines(claims: Claims): (readonly [string, string])[] {
  return Array.from(claims, ([raw, json]) => {
    const name = JSON.stringify(raw).slice(1, -1);
    const date = ["exp", "nbf", "iat"].includes(name) ? new Date(Number(json) * 1_000) : undefined;
    const isDate = date !== undefined && !Number.isNaN(date.getTime());
    return [name, isDate ? `${json} (${date.toISOString()})` : json];
  });
}

async function report(
  token: string,
  keys: KeySource | undefined,
  config: Config,
  nowMs: number,
): Promise<TokenReport> {
  const { jwtIssuer: issuer, jwtAudience: audience, jwtToleranceMs: toleranceMs } = config;
  const rules = { issuer, audience, toleranceMs };
  const checks = new Checks();
  const head = await checks.run("form", () => readHead(token));
  const claims = head && await checks.run("claims", () => unverifiedClaims(token));
  const lines: string[] = [];
  let identity: Identity | undefined;
  if (head !== undefined && claims !== undefined) {
    const members = Object.entries(head).map(([name, text]) =>
      [name, JSON.stringify(text)] as const
    );
    lines.push(...listed("head", members), ...listed("claims", claimLines(claims)));
    const key = await checks.run("key", () => {
      if (keys !== undefined) return findKey(keys, head);
      throw new Error("there is none: set one of jwt-secret, jwt-key-file, jwks");
    });
    if (key !== undefined) await checks.run("signature", () => verifySignature(token, key));
    for (const [name, check] of Object.entries(claimChecks)) {
      await checks.run(name, () => check(claims, rules, nowMs));
    }
    identity = await checks.run("identity", () => identityOfClaims(claims, toleranceMs));
  }
  lines.push("checks", ...checks.lines, "");
  if (checks.failed || identity === undefined) {
    lines.push("its bearer is refused");
    return { text: visible(lines.join("\n")), code: 1 };
  }
  const { mid, rooms = [] } = identity;
  const where = rooms.length === 0 ? "no room" : rooms.join(", ");
  lines.push(`its bearer is let in as mid ${mid}, into ${where}`);
  return { text: visible(lines.join("\n")), code: 0 };
}

/**
 * `halley check-token`.
 *
 * @param readInput Reads standard input.
 * @throws {ConfigError} When the command line or the configuration is wrong.
 */
export async function checkTokenCommand(
  platform: Pick<Platform, "process">,
  args: readonly string[],
  clock: Clock,
  readInput: () => string = () => readFileSync(0, "utf8"),
): Promise<TokenReport> {
  if (args.includes("--help") || args.includes("-h")) return { text: checkTokenHelp, code: 0 };
  // What begins with a dash is a flag, unless it is one.
  const at = args.findIndex((arg, index) =>
    arg === "-" || (!arg.startsWith("-") && (index === 0 || !args[index - 1].startsWith("--")))
  );
  const given = at === -1 ? "-" : args[at];
  const flags = args.filter((_, index) => index !== at);
  const { process } = platform;
  const readFile = (path: string) => readFileSync(path, "utf8");
  const config = loadForTool({}, { args: flags, env: process.env, machine: process, readFile });
  let keys: KeySource | undefined;
  try {
    keys = await keysOf(config, platform, clock);
  } catch (error) {
    throw new ConfigError([(error as Error).message]);
  }
  const body = new TextEncoder().encode(given === "-" ? readInput() : given);
  const token = readAuthBody(body)?.token ?? "";
  return await report(token, keys, config, clock.wallMs());
}
