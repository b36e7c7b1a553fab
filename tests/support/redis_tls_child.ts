// A process of its own for tests, since runtimes read certificates when they start: connects to the
// URL that its argument says, and prints what came of it.
import process from "node:process";
import { systemClock } from "../../platform/system_clock.ts";
import { systemPrng } from "../../base/prng.ts";
import { openRedisStore } from "../../drivers/redis/tcp_store.ts";

try {
  const store = await openRedisStore(process.argv[2], { clock: systemClock, prng: systemPrng() });
  await store.run({ name: "set", source: "return redis.call('SET', KEYS[1], 'v')" }, ["k"], []);
  await store.close();
  console.log("connected");
} catch (error) {
  console.log((error as Error).message);
}
