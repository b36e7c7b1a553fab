import { openOver } from "../redis/open.ts";
import type { Store, StoreDependencies } from "../store.ts";
import { openUpstashStore } from "./rest_store.ts";

/** Opens Redis over the REST protocol of Upstash: `https://…` with a token. */
export async function openUpstash(url: string, parts: StoreDependencies): Promise<Store> {
  const { token = "", running: clock, prng } = parts;
  if (token === "") throw new Error("Cannot open Redis over REST: it needs a token");
  return await openOver(openUpstashStore(url, token, { clock, prng }), parts);
}
