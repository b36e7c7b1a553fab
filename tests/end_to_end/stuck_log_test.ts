import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAddress } from "../../options/address.ts";
import { until } from "../support/until.ts";
import { RawClient, within } from "../support/raw_client.ts";
import { scriptArgs } from "../../platform/select.ts";

const FILLER = "x".repeat(1023) + "\n";

/** A pipe that a test reads when it wants to. */
class Pipe {
  readonly path: string;
  readonly #folder: string;
  readonly #fd: number;
  #text = "";

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), "halley-log-"));
    this.path = join(this.#folder, "pipe");
    execFileSync("mkfifo", [this.path]);
    this.#fd = openSync(this.path, constants.O_RDWR | constants.O_NONBLOCK);
  }

  /** Nothing more fits into it. */
  fill(): void {
    try {
      while (true) writeSync(this.#fd, FILLER);
    } catch (error) {
      assert.equal((error as { code?: string }).code, "EAGAIN");
    }
  }

  /** All that has come so far, without what it was filled with. */
  read(): string {
    const buffer = new Uint8Array(64 * 1024);
    try {
      while (true) {
        const count = readSync(this.#fd, buffer);
        this.#text += new TextDecoder().decode(buffer.subarray(0, count));
      }
    } catch (error) {
      assert.equal((error as { code?: string }).code, "EAGAIN");
    }
    return this.#text.replaceAll(FILLER, "");
  }

  /** Nobody will ever read it. */
  close(): void {
    closeSync(this.#fd);
    rmSync(this.#folder, { recursive: true });
  }
}

/** A server whose standard output is the pipe. */
function spawnServer(pipe: Pipe) {
  const anyPorts = ["tcp", "ws", "http"].flatMap((name) => [`--${name}`, "127.0.0.1:0"]);
  const command = [process.execPath, ...scriptArgs, "mod.ts", "start", "--log-level", "debug"];
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const script = `exec "$@" > "${pipe.path}"`;
  const child = spawn("sh", ["-c", script, "sh", ...command, ...anyPorts], {
    cwd,
    stdio: ["ignore", "inherit", "inherit"],
  });
  return { child, ended: new Promise<number | null>((resolve) => child.once("exit", resolve)) };
}

/** A client that sends what is no frame, and is closed for it. */
async function misbehave(port: number): Promise<void> {
  const client = await RawClient.connect(port);
  client.socket.write("0".repeat(64));
  await within("the connection's end", client.closed);
  client.socket.destroy();
}

test("A server whose log nobody reads, or nobody will read again, goes on", async () => {
  const pipe = new Pipe();
  const { child, ended } = spawnServer(pipe);
  let isPipeOpen = true;
  try {
    await until("it listens", () => pipe.read().includes("listening"));
    const [, tcp, http] = /listening tcp=(\S+) .*http=(\S+)/.exec(pipe.read())!;
    const { port } = parseAddress(tcp)!;
    const client = await RawClient.open(port);
    const answers = async () => {
      assert.equal((await fetch(`${http}/healthz`)).status, 200);
      client.send(2, 1);
      assert.equal((await client.next()).op, 3);
    };

    pipe.fill();
    await Promise.all(Array.from({ length: 50 }, () => misbehave(port)));
    await answers();
    await until(
      "what it said meanwhile",
      () => /\d+ more were left out: closing/.test(pipe.read()),
    );
    const closing = pipe.read().match(/DEBUG halley\S* closing connection/g)!;
    assert.ok(closing.length >= 10 && closing.length < 50, pipe.read());

    pipe.close();
    isPipeOpen = false;
    for (let index = 0; index < 3; index++) await misbehave(port);
    await answers();
    process.kill(child.pid!, "SIGTERM");
    assert.equal((await client.next()).op, 6);
    client.socket.destroy();
    assert.equal(await within("its end", ended), 0);
  } finally {
    if (child.exitCode === null) process.kill(child.pid!, "SIGKILL");
    await ended;
    if (isPipeOpen) pipe.close();
  }
});
