import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../options/address.ts";
import { within } from "./raw_client.ts";
import { type TestServer, testServer } from "./server.ts";
import { scriptArgs } from "../../platform/select.ts";

/** How long a server may take to start and to stop, in milliseconds. */
const DEADLINE_MS = 20_000;

const ANY_PORT = "127.0.0.1:0";

/**
 * Runs a server as a user would, in a process of its own on this same runtime, and stops it
 * whatever happens: its memory is not that of the test.
 *
 * @param flags Of `start`, beside the addresses.
 * @throws {Error} When it does not start, or ends in any way but well.
 */
export async function withServerProcess(
  flags: readonly string[],
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const addresses = ["--tcp", ANY_PORT, "--ws", ANY_PORT, "--http", ANY_PORT];
  const args = [...scriptArgs, "mod.ts", "start", "--log-format", "json", ...addresses, ...flags];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  try {
    const lines = createInterface({ input: child.stdout });
    const listening = new Promise<Record<string, string>>((resolve, reject) => {
      lines.on("line", (line) => {
        const entry = JSON.parse(line);
        if (entry.message === "listening") resolve(entry);
      });
      ended.then((code) => reject(new Error(`the server ended with code ${code}`)));
    });
    const { tcp, websocket, http } = await within("the server's start", listening, DEADLINE_MS);
    await use(testServer({
      tcp: parseAddress(tcp)!,
      ws: parseAddress(new URL(websocket).host)!,
      http: parseAddress(new URL(http).host)!,
    }));
    process.kill(child.pid!, "SIGTERM");
    assert.equal(await within("the server's end", ended, DEADLINE_MS), 0);
  } finally {
    if (child.exitCode === null && child.signalCode === null) process.kill(child.pid!, "SIGKILL");
    await ended;
  }
}
