import { readFileSync } from "node:fs";
import { getLogger } from "@logtape/logtape";
import type { AuthOptions } from "../logic/auth/auth.ts";
import { jwksKeys, type KeySet, pemKey, secretKey } from "../logic/auth/jwt_keys.ts";
import type { Hooks } from "../logic/hooks.ts";
import { formatAddress } from "../options/address.ts";
import type { Process } from "../platform/port.ts";
import { isLoopback } from "../protocol/host.ts";
import { isUrl } from "./config/auth_relations.ts";
import { reasonOf } from "./permission_hints.ts";
import { type Config, listenersOf } from "./config/schema.ts";
import { checkMayConnect } from "./permission_hints.ts";

const log = getLogger(["halley"]);

/** What decides about tokens. */
type JwtConfig = Pick<Config, "jwtSecret" | "jwtKeyFile" | "jwks">;

/**
 * How clients say who they are, with the keys for that read.
 *
 * @throws {Error} With a one-line message when a key cannot be used, or a URL not be called.
 */
export async function openAuth(config: Config, process: Process): Promise<AuthOptions> {
  const { auth: mode, jwtIssuer: issuer, jwtAudience: audience, jwtToleranceMs } = config;
  if (mode === "goim") return { mode };
  if (mode === "jwt") {
    const keys = isUrl(config.jwks) ? config.jwks : await readKeys(config);
    if (typeof keys === "string") checkMayConnect("jwks", keys, process);
    return { mode, keys, issuer, audience, toleranceMs: jwtToleranceMs };
  }
  const { authWebhookUrl: url, authWebhookSecret: secret, authWebhookMs: timeoutMs } = config;
  checkMayConnect("auth-webhook-url", url, process);
  const { authWebhookCacheMs: cacheMs, authWebhookFallback: fallback } = config;
  return { mode, url, secret, timeoutMs, cacheMs, fallback };
}

/**
 * The keys that are not at a URL.
 *
 * @throws {Error} With a one-line message when they cannot be used.
 */
export async function readKeys({ jwtSecret, jwtKeyFile, jwks }: JwtConfig): Promise<KeySet> {
  if (jwtSecret !== "") return await secretKey(jwtSecret);
  const [name, path, read] = jwtKeyFile !== ""
    ? ["jwt-key-file", jwtKeyFile, pemKey] as const
    : ["jwks", jwks, jwksKeys] as const;
  try {
    return await read(readFileSync(path, "utf8"));
  } catch (error) {
    throw new Error(`Cannot use ${name} "${path}": ${reasonOf(error)}`);
  }
}

/**
 * Says loudly, in one line, who may claim to be anybody.
 *
 * @param role What runs here: a comet does not know what the logics do.
 */
export function warnOfAuth(config: Config, role: "all" | "logic" | "comet", hooks: Hooks): void {
  const { auth, jwks, authWebhookUrl } = config;
  const url = auth === "jwt" ? jwks : auth === "webhook" ? authWebhookUrl : "";
  if (role !== "comet" && url.startsWith("http:") && !isLoopback(new URL(url).hostname)) {
    const name = auth === "jwt" ? "jwks" : "auth-webhook-url";
    log.warn(`${name} is no https: URL: whoever is on the way there can let anybody in`);
  }
  if (auth !== "goim" || hooks.authenticate !== undefined) return;
  const open = listenersOf(config).map(({ address }) => address)
    .filter(({ hostname }) => !isLoopback(hostname));
  if (open.length === 0) return;
  const unless = role === "comet" ? " unless the logics have auth = jwt or webhook," : "";
  log.warn(
    `ANYBODY who reaches the clients' ports can claim to be any user and join any room:${unless} ` +
      "set auth to jwt or webhook (auth = goim believes every token)",
    { listeners: open.map(formatAddress).join() },
  );
}
