import { getLogger } from "@logtape/logtape";
import { LAYOUT_KEY } from "./push_scripts.ts";
import { textOf } from "./replies.ts";
import type { RedisStore, Script } from "./store.ts";

const log = getLogger(["halley", "redis"]);

/** Answers what Redis does when it is full; nothing where it may not be asked. */
const EVICTION_POLICY: Script = {
  name: "eviction-policy",
  source: `
local info = redis.pcall('INFO', 'memory')
if type(info) ~= 'string' then return '' end
return string.match(info, 'maxmemory_policy:([%w-]+)') or ''`,
};

/** Says in the log when Redis may throw away what it has answered for. */
export async function warnOfEviction(store: RedisStore): Promise<void> {
  const policy = textOf(await store.run(EVICTION_POLICY, [LAYOUT_KEY], []));
  if (policy === "" || policy === "noeviction") return;
  log.warn("Redis may throw pushes away: maxmemory-policy must be noeviction, it is {policy}", {
    policy,
  });
}
