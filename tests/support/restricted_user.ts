import { readFile } from "node:fs/promises";
import { redisCli, type RedisServer } from "./redis_server.ts";

/** User and password, as they stand in a URL. */
export const RESTRICTED_USER = "halley:a%20secret";

/** What docs/operations.md says a user of Redis needs, as the rules of `ACL SETUSER`. */
export async function documentedRules(): Promise<readonly string[]> {
  const page = await readFile(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const found = /^ACL SETUSER halley on >CHANGE-THIS ([^`]*)```/m.exec(page);
  if (found === null) throw new Error("Cannot find ACL SETUSER in docs/operations.md");
  return found[1].trim().split(/\s+/);
}

/**
 * Adds a user who may do what docs/operations.md says and nothing else.
 *
 * @param more Further rules.
 * @returns The URL of that user.
 */
export async function addRestrictedUser(
  { port }: RedisServer,
  ...more: readonly string[]
): Promise<string> {
  const rules = ["reset", "on", ">a secret", ...await documentedRules(), ...more];
  await redisCli(port, "ACL", "SETUSER", "halley", ...rules);
  return `redis://${RESTRICTED_USER}@127.0.0.1:${port}`;
}
