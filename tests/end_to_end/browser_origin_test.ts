/** What pages in a browser may do, by the site that they come from. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import type { Page } from "playwright-core";
import { openPage, withChromium, withSite } from "../support/chromium.ts";
import { freePort } from "../support/free_port.ts";
import { withServer } from "../support/server.ts";

const TIMEOUT = { timeout: 60_000 };

/** What becomes of a socket that a page opens. */
function listen(page: Page, url: string): Promise<unknown> {
  return page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket(${JSON.stringify(url)});
    socket.onopen = () => resolve("open");
    socket.onclose = () => resolve("closed");
  })`);
}

/** Posts a form into a frame of the page, as any page may, and waits for what the frame shows. */
async function postForm(page: Page, url: string): Promise<void> {
  await page.evaluate(`new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = "answer";
    document.body.append(frame);
    const form = document.createElement("form");
    Object.assign(form, { method: "post", enctype: "text/plain", target: "answer" });
    form.action = ${JSON.stringify(url)};
    form.innerHTML = '<input name="a" value="b">';
    document.body.append(form);
    frame.onload = () => resolve(frame.remove());
    form.submit();
  })`);
}

test(
  "a page of another site can neither push nor listen, in Chromium",
  TIMEOUT,
  () =>
    withServer({}, (server) =>
      withSite((sitePort) =>
        withChromium(async (browser) => {
          const push = "/goim/push/all?operation=1000";
          const page = await openPage(browser, `http://evil.example:${sitePort}/`);
          await postForm(page, server.httpUrl + push);
          assert.equal((await server.metrics()).logic_http_forbidden_total, 1);
          assert.equal(await listen(page, `ws://127.0.0.1:${server.wsPort}/sub`), "closed");
          // A name of the page's own that leads here: for the browser it is the same origin.
          const { port } = new URL(server.httpUrl);
          const rebound = await openPage(browser, `http://evil.example:${port}/healthz`);
          const answer = await rebound.evaluate(
            `fetch("${push}", { method: "POST", body: "x" }).then((r) => r.json())`,
          ) as { message: string };
          assert.match(answer.message, /^Host is "evil\.example:/);
          assert.equal(await listen(page, `ws://evil.example:${server.wsPort}/sub`), "closed");

          const metrics = await server.metrics();
          assert.equal(metrics.logic_pushes_accepted_total, 0);
          assert.equal(metrics.comet_refused_origins_total, 2);
        })
      )),
);

test(
  "pages of this machine listen, and the server's own push, in Chromium",
  TIMEOUT,
  () =>
    withServer({}, (server) =>
      withSite((sitePort) =>
        withChromium(async (browser) => {
          const page = await openPage(browser, `http://localhost:${sitePort}/`);
          assert.equal(await listen(page, `ws://127.0.0.1:${server.wsPort}/sub`), "open");
          const own = await openPage(browser, `${server.httpUrl}/healthz`);
          const answer = await own.evaluate(
            `fetch("/goim/push/all?operation=1", { method: "POST", body: "x" }).then((r) => r.json())`,
          );
          assert.deepEqual(answer, { code: 0, message: "" });
        })
      )),
);

test(
  "a page of another site that may connect loads the client from here, in Chromium",
  TIMEOUT,
  () =>
    withSite(async (sitePort) => {
      const site = `http://shop.example:${sitePort}`;
      const ws = { hostname: "127.0.0.1", port: await freePort() };
      await withServer({ ws, origins: [site], hostDomain: ".example" }, (server) =>
        withChromium(async (browser) => {
          const page = await openPage(browser, site);
          const heard = page.waitForEvent("console");
          const content = `
          import { connect } from "${server.httpUrl}/client.js";
          const room = connect("${server.httpUrl}", { token: { mid: 7 } }).join("demo://1");
          room.on("message", ({ body, offset }) => console.log(offset, body));
          room.publish("hello");
        `;
          await page.addScriptTag({ type: "module", content });
          assert.equal((await heard).text(), "1 hello");
        }));
    }),
);

/** Runs a script as the page's console does, which awaits. */
async function type(page: Page, expression: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const options = { replMode: true, awaitPromise: true };
  const answer = await session.send("Runtime.evaluate", { expression, ...options });
  assert.equal(answer.exceptionDetails, undefined);
}

test("what the README says to try works as it stands, in Chromium", TIMEOUT, async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const section = /^## Two minutes\n(.*?)^## /ms.exec(readme)![1];
  const [, script] = /^```js\n(.*?)^```/ms.exec(section)!;
  const [, address] = /open\s+<(http:[^>]+)>/.exec(section)!;
  const [, body, call] = /^curl -d '([^']+)' '(\S+\/push\/room\S+)'$/m.exec(section)!;
  await withServer({}, (server) =>
    withChromium(async (browser) => {
      const here = (text: string) =>
        text.replaceAll("127.0.0.1:3102", `127.0.0.1:${server.wsPort}`)
          .replaceAll("http://127.0.0.1:3111", server.httpUrl);
      const page = await openPage(browser, here(address));
      await page.evaluate("globalThis.lines = []; console.log = (...line) => lines.push(line); 0");
      await type(page, here(script));
      assert.equal((await (await fetch(here(call), { method: "POST", body })).json()).code, 0);
      await page.waitForFunction("lines.length === 2");
      assert.deepEqual(await page.evaluate("lines"), [
        [1000, { t: "hello from five lines" }],
        [1000, body],
      ]);
      // The demo that the page shows has both as well.
      for (const text of ["hello from five lines", body]) {
        await page.getByTestId("latest").getByText(text).waitFor();
      }
    }));
});
