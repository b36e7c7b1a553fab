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
  await withChromium([url], ({ ended }) => {
    const early = ended.then((message) => {
      throw new Error(message);
    });
    early.catch(() => {});
    return within("the page's result", Promise.race([happened, early]), DEADLINE_MS);
  });
}

/** A Chromium that runs. */
interface Chromium {
  /** Settles with the reason when it ends by itself. */
  readonly ended: Promise<string>;
  /** What it complained about so far. */
  complaints(): string;
}

/** Runs Chromium with a profile of its own, and ends it whatever happens. */
async function withChromium<Value>(
  args: readonly string[],
  use: (chromium: Chromium) => Promise<Value>,
): Promise<Value> {
  if (!existsSync(PATH)) throw new Error("chromium is missing: apt-get install chromium");
  const profile = await mkdtemp(join(tmpdir(), "chromium-"));
  const child = spawn(PATH, [...ARGS, `--user-data-dir=${profile}`, ...args], {
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
  try {
    return await use({ ended, complaints: () => complaints });
  } finally {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(child.pid, "SIGKILL");
    }
    await within("Chromium's end", ended, DEADLINE_MS);
    await rm(profile, { recursive: true, force: true });
  }
}

/** A page that is open, whose console is the test's. */
export interface BrowserPage {
  /**
   * Runs a script as the page's console would; what it comes to must be JSON.
   *
   * @throws {Error} When the script throws.
   */
  evaluate(script: string): Promise<unknown>;
}

/**
 * Runs Chromium for pages whose consoles a test writes in.
 *
 * @param use Gets what opens a page. Every host name that ends in `.example` is this machine.
 */
export async function withBrowser(
  use: (open: (url: string) => Promise<BrowserPage>) => Promise<void>,
): Promise<void> {
  const args = [
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
    "--host-resolver-rules=MAP *.example 127.0.0.1",
    "about:blank",
  ];
  await withChromium(args, async (chromium) => {
    const sockets: WebSocket[] = [];
    try {
      const devTools = await within("Chromium's port", debuggingUrl(chromium), DEADLINE_MS);
      await use(async (url) => {
        const target = await fetch(`${devTools}/json/new?${url}`, { method: "PUT" });
        const socket = new WebSocket((await target.json()).webSocketDebuggerUrl);
        sockets.push(socket);
        return await within(`the page ${url}`, openPage(socket, url), DEADLINE_MS);
      });
    } finally {
      for (const socket of sockets) socket.close();
    }
  });
}

/** Where Chromium takes commands. */
async function debuggingUrl({ ended, complaints }: Chromium): Promise<string> {
  let early: string | undefined;
  ended.then((message) => early = message);
  while (early === undefined) {
    const found = /DevTools listening on ws:\/\/([\d.:]+)\//.exec(complaints());
    if (found !== null) return `http://${found[1]}`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(early);
}

/** Speaks to one page by the DevTools protocol, and waits until it is at its address. */
async function openPage(socket: WebSocket, url: string): Promise<BrowserPage> {
  const waiting = new Map<number, (answer: Evaluated) => void>();
  socket.onmessage = ({ data }) => {
    const { id, result } = JSON.parse(data);
    waiting.get(id)?.(result);
    waiting.delete(id);
  };
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("Chromium does not take commands"));
  });
  let id = 0;
  async function evaluate(expression: string): Promise<unknown> {
    const options = { awaitPromise: true, returnByValue: true };
    const answered = new Promise<Evaluated>((resolve) => waiting.set(++id, resolve));
    socket.send(
      JSON.stringify({ id, method: "Runtime.evaluate", params: { expression, ...options } }),
    );
    const { result, exceptionDetails } = await within("the page's answer", answered, DEADLINE_MS);
    if (exceptionDetails === undefined) return result.value;
    throw new Error(`The page's script failed: ${JSON.stringify(exceptionDetails)}`);
  }
  while (await evaluate("document.readyState + location.href") !== `complete${url}`) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { evaluate };
}

/** What Chromium says that a script came to. */
interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: unknown;
}
