import { existsSync } from "node:fs";
import { run } from "./child.ts";

/** Commands that the tests of a cluster run, each from the package of the same name. */
const needed = ["redis-server", "openssl"];

async function missing(): Promise<string[]> {
  const found = await Promise.all(
    needed.map(async (command) => (await run("which", [command])).code === 0),
  );
  return needed.filter((_, index) => !found[index]);
}

/**
 * Makes sure that Redis is there for the tests of a cluster, and what makes certificates, and
 * installs them where that is possible: as root on Debian and its kin.
 *
 * @throws {Error} When one is not there and cannot be installed; one line that says what to do.
 */
export async function ensureRedis(): Promise<void> {
  let packages = await missing();
  if (packages.length === 0) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log(`Installing ${packages.join(" and ")}, which the tests of a cluster need`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update"], { env });
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...packages], { env });
    packages = await missing();
    if (packages.length === 0) return;
  }
  throw new Error(
    `Cannot run the tests of a cluster: ${packages.join(" and ")} missing; install the package ` +
      `of the same name`,
  );
}
