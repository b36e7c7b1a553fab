import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { within } from "./raw_client.ts";

const PATH = "/usr/bin/chromium";

/** How long a browser may take to start and to run a page, in milliseconds. */
const DEADLINE_MS = 40_000;

const ARGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Opens a page in Chromium that runs a script, and closes it again. No driver stands between: the
 * script itself sends its result to the server that the page came from.
 *
 * @param script The body of an asynchronous function; what it returns, as JSON, is the result.
 * @throws {Error} When Chromium is missing, or the script fails or does not return.
 */
export async function runInChromium(script: string): Promise<unknown> {
  if (!existsSync(PATH)) throw new Error("chromium is missing: apt-get install chromium");
  const page = `<!doctype html><meta charset="utf-8"><title>test</title><script type="module">
    const run = async () => { ${script} };
    const result = await run().then((value) => ({ value }), (error) => ({ error: String(error) }));
    await fetch("/result", { method: "POST", body: JSON.stringify(result) });
  </script>`;
  const posted = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8");
    request.on("data", (text: string) => body += text);
    request.on("end", () => {
      if (request.method === "POST") posted.resolve(body);
      response.setHeader("Content-Type", "text/html; charset=utf-8");
      response.end(request.url === "/" ? page : "");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await openUntil(`http://127.0.0.1:${port}/`, posted.promise);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  const result = JSON.parse(await posted.promise) as { value?: unknown; error?: string };
  if (result.error !== undefined) throw new Error(`The page's script failed: ${result.error}`);
  return result.value;
}

/** Runs Chromium on an address until something has happened. */
async function openUntil(url: string, happened: Promise<unknown>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const child = spawn(PATH, [...ARGS, `--user-data-dir=${profile}`, url], {
    stdio: ["ignore", "ignore", "pipe"],
    // What it leaves in the folder for temporary files goes with the profile.
    env: { ...process.env, TMPDIR: profile },
  });
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaints += text);
  // Its helpers hold the pipe as well: it closes when the last of them has left the profile alone.
  const ended = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      resolve(`Chromium ended with ${signal ?? code}: ${complaints.slice(-1000)}`);
    });
    child.once("error", (error) => resolve(`Cannot start Chromium: ${error.message}`));
  });
  const early = ended.then((message) => {
    throw new Error(message);
  });
  try {
    await within("the page's result", Promise.race([happened, early]), DEADLINE_MS);
  } finally {
    early.catch(() => {});
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(child.pid, "SIGKILL");
    }
    await within("Chromium's end", ended, DEADLINE_MS);
    await rm(profile, { recursive: true, force: true });
  }
}
