import { existsSync } from "node:fs";
import { run } from "./child.ts";

/** Packages of Debian, each with a command or a file that shows that it is there. */
export type Packages = Readonly<Record<string, string>>;

async function missing(packages: Packages): Promise<string[]> {
  const isThere = await Promise.all(
    Object.values(packages).map(async (sign) =>
      sign.startsWith("/") ? existsSync(sign) : (await run("which", [sign])).code === 0
    ),
  );
  return Object.keys(packages).filter((_, index) => !isThere[index]);
}

/**
 * Makes sure that what some tests need is there, and installs it where that is possible: as root on
 * Debian and its kin.
 *
 * @param purpose Which tests need it, as in `the tests of a cluster`.
 * @throws {Error} When something is not there and cannot be installed; one line that says what to do.
 */
export async function ensurePackages(purpose: string, packages: Packages): Promise<void> {
  let absent = await missing(packages);
  if (absent.length === 0) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log(`Installing ${absent.join(" and ")}, for ${purpose}`);
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update"], { env });
    await run("apt-get", ["install", "-y", "--no-install-recommends", ...absent], { env });
    absent = await missing(packages);
    if (absent.length === 0) return;
  }
  throw new Error(
    `Cannot run ${purpose}: ${
      absent.join(" and ")
    } missing; install what Debian has under that name`,
  );
}
