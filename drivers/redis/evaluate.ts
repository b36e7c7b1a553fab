import { createHash } from "node:crypto";
import type { Script } from "./store.ts";

const hashes = new WeakMap<Script, string>();

/**
 * Runs a script by its hash, and by its source where the server does not have it.
 *
 * @param byHash Sends `EVALSHA`.
 * @param bySource Sends `EVAL`, which leaves the script with the server.
 * @throws {Error} What these throw.
 */
export async function evaluate<Result>(
  script: Script,
  byHash: (hash: string) => Promise<Result>,
  bySource: (source: string) => Promise<Result>,
): Promise<Result> {
  const { source } = script;
  let hash = hashes.get(script);
  if (hash === undefined) {
    hash = createHash("sha1").update(source).digest("hex");
    hashes.set(script, hash);
  }
  try {
    return await byHash(hash);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return await bySource(source);
  }
}
