import { existsSync } from "node:fs";
import { run } from "./child.ts";

const path = "/usr/bin/redis-server";

/**
 * Makes sure that Redis is there for the tests of a cluster, and installs it where that is possible:
 * as root on Debian and its kin.
 *
 * @throws {Error} When it is not there and cannot be installed; one line that says what to do.
 */
export async function ensureRedis(): Promise<void> {
  if (existsSync(path) || (await run("redis-server", ["--version"])).code === 0) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log("Installing redis-server, which the tests of a cluster need");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update"], { env });
    await run("apt-get", ["install", "-y", "--no-install-recommends", "redis-server"], { env });
    if (existsSync(path)) return;
  }
  throw new Error(
    'Cannot run the tests of a cluster: redis-server is missing; install the package "redis-server"',
  );
}
