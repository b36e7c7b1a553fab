import { existsSync } from "node:fs";
import { run } from "./child.ts";

const path = "/usr/bin/chromium";

/**
 * Makes sure that Chromium is there for the tests in a browser, and installs it where that is
 * possible: as root on Debian and its kin.
 *
 * @throws {Error} When it is not there and cannot be installed; one line that says what to do.
 */
export async function ensureChromium(): Promise<void> {
  if (existsSync(path)) return;
  if (process.getuid?.() === 0 && existsSync("/usr/bin/apt-get")) {
    console.log("Installing chromium, which the tests in a browser need");
    const env = { DEBIAN_FRONTEND: "noninteractive" };
    await run("apt-get", ["update"], { env });
    await run("apt-get", ["install", "-y", "--no-install-recommends", "chromium"], { env });
    if (existsSync(path)) return;
  }
  throw new Error(
    `Cannot run the tests in a browser: ${path} is missing; install the package "chromium"`,
  );
}
