import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Browser, chromium, type LaunchOptions, type Page } from "playwright-core";

const PATH = "/usr/bin/chromium";

/** How long a browser may take to start, and to do what it is asked, in milliseconds. */
const DEADLINE_MS = 40_000;

/**
 * Starts Chromium. Every host name that ends in `.example` is this machine.
 *
 * @param own How it is launched, beside what it always is.
 * @throws {Error} When Chromium is missing or does not start.
 */
export function launchChromium({ args = [], ...own }: LaunchOptions = {}): Promise<Browser> {
  if (!existsSync(PATH)) throw new Error("chromium is missing: apt-get install chromium");
  return chromium.launch({
    executablePath: PATH,
    args: ["--host-resolver-rules=MAP *.example 127.0.0.1", ...args],
    chromiumSandbox: false,
    timeout: DEADLINE_MS,
    ...own,
  });
}

/** Runs Chromium, and ends it whatever happens; otherwise as {@linkcode launchChromium}. */
export async function withChromium<Value>(
  use: (browser: Browser) => Promise<Value>,
  own?: LaunchOptions,
): Promise<Value> {
  const browser = await launchChromium(own);
  try {
    return await use(browser);
  } finally {
    await browser.close();
  }
}

/**
 * Serves one page, which any host name leads to.
 *
 * @param html Its text; an empty page without it.
 */
export async function withSite(
  use: (port: number) => Promise<void>,
  html = "<!doctype html><title>a site</title>",
): Promise<void> {
  const site = createServer((_, response) => {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    response.end(html);
  });
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  try {
    await use((site.address() as AddressInfo).port);
  } finally {
    site.closeAllConnections();
    await new Promise((resolve) => site.close(resolve));
  }
}

/** Opens a page of a browser at an address. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage();
  page.setDefaultTimeout(DEADLINE_MS);
  await page.goto(url);
  return page;
}

/**
 * Runs a script in a page of Chromium.
 *
 * @param script The body of an asynchronous function; what it returns, as JSON, is the result.
 * @throws {Error} When Chromium is missing, or the script fails.
 */
export async function runInChromium(script: string): Promise<unknown> {
  let result: unknown;
  await withSite((port) =>
    withChromium(async (browser) => {
      const page = await openPage(browser, `http://127.0.0.1:${port}/`);
      result = await page.evaluate(`(async () => { ${script} })()`);
    })
  );
  return result;
}
