import { readFileSync } from "node:fs";
import { type SigningKey, signingKey, signingSecret, signJwt } from "../logic/auth/jwt_sign.ts";
import { optionHelp } from "../options/help.ts";
import { duration, list, text } from "../options/kinds.ts";
import { ConfigError } from "../options/reading.ts";
import type { Platform } from "../platform/port.ts";
import { parseMid } from "../protocol/auth_token.ts";
import { identityOf } from "../logic/auth/identity_members.ts";
import { configFile } from "./config/options.ts";
import { loadForTool } from "./config/load.ts";
import { reasonOf } from "./permission_hints.ts";

const PATTERN = "a room key, or the beginning of room keys and a *, with commas between them";

/** Flags of the command's own. */
const flags = {
  mid: text({
    name: "mid",
    default: "0",
    placeholder: "MID",
    range: "an int64",
    form: /^-?\d{1,19}$/,
    text: "The user; 0 is nobody",
  }),
  key: text({
    name: "key",
    default: "",
    defaultText: "a new one for each connection",
    placeholder: "KEY",
    range: "at most 256 characters",
    form: /^.{0,256}$/,
    text: "The key of the connection",
  }),
  room: text({
    name: "room",
    default: "",
    defaultText: "none",
    placeholder: "ROOM",
    range: "a room key such as live://1",
    form: /^.{0,256}$/,
    text: "The room that it begins in",
  }),
  roomPatterns: list({
    name: "rooms",
    default: [],
    defaultText: "none but that of --room",
    placeholder: "PATTERN,...",
    range: PATTERN,
    form: /^/,
    text: "Rooms that it may be in",
  }),
  publish: list({
    name: "publish",
    defaultText: "default: those that it may be in",
    placeholder: "PATTERN,...",
    range: `${PATTERN}, or nothing for none`,
    form: /^/,
    text: "Rooms that it may publish to",
  }),
  accepts: list({
    name: "accepts",
    default: [],
    defaultText: "what the client says",
    placeholder: "OPERATION,...",
    range: "numbers with commas between them",
    form: /^-?\d{1,10}$/,
    text: "Operations that it wants of pushes by key, by mid and to all",
  }),
  ttlMs: duration({
    name: "ttl",
    default: 3_600_000,
    minMs: 1_000,
    maxMs: 365 * 24 * 3_600_000,
    text: "How long it counts",
  }),
  keyFile: text({
    name: "key-file",
    default: "",
    defaultText: "none, jwt-secret of the configuration signs",
    placeholder: "FILE",
    range: "a path",
    form: /^/,
    text: "PEM file with the private key that signs: RSA, EC with P-256, or Ed25519",
  }),
} as const;

/** What `halley token --help` prints. */
export const tokenHelp = `Makes a token for auth = "jwt", and prints it alone.

Usage: halley token [FLAG]...

Examples:
  halley token --config halley.toml --mid 1 --room live://1 --ttl 1h
  HALLEY_JWT_SECRET=... halley token --mid 1 --rooms "live://*" --publish live://1
  openssl genpkey -algorithm ed25519 -out tokens.key.pem
  openssl pkey -in tokens.key.pem -pubout -out tokens.pub.pem
  halley token --key-file tokens.key.pem --mid 1 --ttl 10m

It is signed with jwt-secret of the configuration, or the key of --key-file, whose public half the
server has as jwt-key-file; jwt-issuer and jwt-audience of the configuration are put into it. Clients
show it as the whole body of operation 7. halley check-token explains it. On Deno, --key-file needs
--allow-read for the file.

${[configFile, ...Object.values(flags)].map((flag) => optionHelp(flag)).join("\n")}`;

/** Claims from flags and configuration; a token of which the server would refuse is a mistake. */
function claimsOf(
  { mid, key, room, roomPatterns, publish, accepts, ttlMs, jwtIssuer, jwtAudience }: Loaded,
  nowMs: number,
): object {
  const claims = {
    mid,
    key: key || undefined,
    room: room || undefined,
    rooms: roomPatterns.length > 0 ? roomPatterns : undefined,
    publish: publish as readonly string[] | undefined,
    accepts: accepts.length > 0 ? accepts.map(Number) : undefined,
  };
  const exact = parseMid(mid);
  if (exact === undefined) throw new ConfigError([`--mid = "${mid}": must be ${flags.mid.range}`]);
  try {
    identityOf(exact, claims, undefined);
  } catch (error) {
    throw new ConfigError([`Cannot make a token: ${(error as Error).message}`]);
  }
  const [iat, exp] = [nowMs, nowMs + ttlMs].map((ms) => Math.floor(ms / 1_000));
  return { iss: jwtIssuer || undefined, aud: jwtAudience || undefined, ...claims, iat, exp };
}

type Loaded = ReturnType<typeof loadForTool<typeof flags>>;

async function keyOf({ keyFile, jwtSecret }: Loaded): Promise<SigningKey> {
  if (keyFile === "") {
    if (jwtSecret !== "") return await signingSecret(jwtSecret);
    throw new ConfigError(["Cannot sign a token: set jwt-secret, or give --key-file"]);
  }
  try {
    return await signingKey(readFileSync(keyFile, "utf8"));
  } catch (error) {
    throw new ConfigError([`Cannot use --key-file "${keyFile}": ${reasonOf(error)}`]);
  }
}

/**
 * `halley token`.
 *
 * @param nowMs Milliseconds since 1970.
 * @returns What goes to standard output.
 * @throws {ConfigError} When the command line or the configuration is wrong.
 */
export async function tokenCommand(
  { process }: Pick<Platform, "process">,
  args: readonly string[],
  nowMs: number,
): Promise<string> {
  if (args.includes("--help") || args.includes("-h")) return tokenHelp;
  const input = { args, env: process.env, machine: process };
  const readFile = (path: string) => readFileSync(path, "utf8");
  const loaded = loadForTool(flags, { ...input, readFile });
  const claims = claimsOf(loaded, nowMs);
  return await signJwt(claims, await keyOf(loaded));
}
