import { getLogger } from "@logtape/logtape";
import { StoreUnavailable } from "../ports.ts";
import type { Store, StoreDependencies, StoreProblem } from "../store.ts";
import { codeOf, type Unavailability, unavailabilityIn } from "./errors.ts";
import { RedisModeration } from "./moderation.ts";
import { RedisNodes } from "./nodes.ts";
import { RedisPushLog } from "./push_log.ts";
import { LAYOUT_KEY } from "./push_scripts.ts";
import { RedisSessions } from "./sessions.ts";
import { partsOf, type RedisStore, type Script, textOf } from "./store.ts";

const log = getLogger(["halley", "redis"]);

/** Tries what is needed of Redis, and serves every port over one way to it. */
export async function openOverRedis(
  store: RedisStore,
  { clock, prng }: StoreDependencies,
): Promise<Store> {
  try {
    const problem = await checkStore(store);
    if (problem?.kind === "forbidden") throw new Error(`Cannot use Redis: ${problem.reason}`);
    await warnOfEviction(store);
  } catch (error) {
    await store.close();
    throw error;
  }
  return {
    counters: store.counters,
    openPushLog: (options) => RedisPushLog.open(store, options, prng),
    openNodes: async (leaseMs) => new RedisNodes(store, clock, leaseMs),
    openSessions: async (nodes) => new RedisSessions(store, nodes),
    openModeration: async () => new RedisModeration(store, prng),
    problem: () => problemOf(store),
    close: () => store.close(),
  };
}

/** A key that nothing else has. */
const CHECK_KEY = "halley:{check}:key";

/**
 * What all scripts together do, each command as small as it can be, on one key that is gone
 * afterwards. The first shows whether there is room.
 */
const TRIALS = `
SET $ 1 PX 60000, GET $, PEXPIRE $ 60000, DEL $, TIME, HSET $ a 1, HSETNX $ a 1,
HINCRBY $ a 1, HGET $ a, HGETALL $, HEXISTS $ a, HLEN $, HDEL $ a, DEL $, ZADD $ 1 a,
ZRANGE $ 0 -1, ZCOUNT $ 0 1, ZREMRANGEBYSCORE $ -inf 0, ZREM $ a, DEL $,
RPUSH $ a, LLEN $, LINDEX $ 0, LRANGE $ 0 0, LTRIM $ 0 0, DEL $, XADD $ 1-0 a 1, XLEN $,
XREAD COUNT 1 STREAMS $ 0-0, XGROUP|CREATE $ g 0, XREADGROUP GROUP g c COUNT 1 STREAMS $ >,
XINFO|GROUPS $, XINFO|CONSUMERS $ g, XAUTOCLAIM $ g c 0 0-0, XACK $ g 1-0, XDEL $ 1-0,
XGROUP|DELCONSUMER $ g c, DEL $`.trim().split(/,\s+/);

/** ARGV: trials. Answers each that failed, and how. */
const CHECK: Script = {
  name: "check-store",
  source: `
local failed = {}
for _, trial in ipairs(ARGV) do
  local words = {}
  for word in string.gmatch(trial, '[^ |]+') do
    words[#words + 1] = word == '$' and KEYS[1] or word
  end
  local reply = redis.pcall(unpack(words))
  if type(reply) == 'table' and reply.err then
    failed[#failed + 1] = trial
    failed[#failed + 1] = reply.err
  end
end
return failed`,
};

/** How Redis says that a user may not do something; not each version has a code for it. */
const forbidden = /\bNOPERM\b|The user executing the script can't|ACL failure in script/;

const reasons: Readonly<Record<Unavailability, (code: string) => string>> = {
  away: () => "Redis is away",
  full: () => "Redis is full",
  unwritable: (code) => `Redis takes no writes (${code})`,
};

/**
 * Tries everything that Redis is needed for.
 *
 * @returns What is in the way, if anything.
 * @throws {StoreUnavailable} When Redis is away.
 * @throws {Error} When it refuses the user, or scripts.
 */
export async function checkStore(store: RedisStore): Promise<StoreProblem | undefined> {
  const failed = partsOf(await store.run(CHECK, [CHECK_KEY], TRIALS));
  const commands = new Set<string>();
  for (let index = 0; index < failed.length; index += 2) {
    const message = textOf(failed[index + 1]);
    const kind = unavailabilityIn(message);
    if (kind !== undefined) return { kind, reason: reasons[kind](codeOf(message)) };
    if (forbidden.test(message)) commands.add(textOf(failed[index]).split(" ")[0]);
  }
  if (commands.size === 0) return undefined;
  const names = [...commands].join(", ").toLowerCase();
  return { kind: "forbidden", reason: `the user of Redis may not use ${names}` };
}

/** As {@linkcode checkStore}, for those who want to know and not to act. */
async function problemOf(store: RedisStore): Promise<StoreProblem | undefined> {
  try {
    return await checkStore(store);
  } catch (error) {
    if (error instanceof StoreUnavailable) return { kind: "away", reason: reasons.away("") };
    return { kind: "forbidden", reason: "Redis refuses the user, or scripts" };
  }
}

/** Answers what Redis does when it is full; nothing where it may not be asked. */
const EVICTION_POLICY: Script = {
  name: "eviction-policy",
  source: `
local info = redis.pcall('INFO', 'memory')
if type(info) ~= 'string' then return '' end
return string.match(info, 'maxmemory_policy:([%w-]+)') or ''`,
};

/** Says in the log when Redis may throw away what it has answered for. */
async function warnOfEviction(store: RedisStore): Promise<void> {
  const policy = textOf(await store.run(EVICTION_POLICY, [LAYOUT_KEY], []));
  if (policy === "" || policy === "noeviction") return;
  log.warn("Redis may throw pushes away: maxmemory-policy must be noeviction, it is {policy}", {
    policy,
  });
}
