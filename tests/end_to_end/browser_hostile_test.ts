/** What the danmaku page makes of comments by those who mean harm. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { type Client, connect } from "../../client/mod.ts";
import { type Server, startServer } from "../../mod.ts";
import { launchChromium } from "../support/chromium.ts";
import { DemoPage } from "../support/demo_page.ts";

const slowly = { timeout: 60_000 };
const COMMENT = 1000;

const attack = "globalThis.taken = true";

/** Markup in every member, all of which is text. */
const markup = [
  `<script>${attack}</script>`,
  `<img src=x onerror="${attack}">`,
  `<svg onload=${attack}>`,
  `</bdi></li><iframe srcdoc="<script>parent.${attack}</script>">`,
  `&lt;b&gt;&amp;&#x3C;i&#x3E;`,
  `javascript:${attack}`,
  `\${${attack}}{{${attack}}}`,
];

/** Letters that are drawn beyond their place, or turn around what is behind them. */
const unruly = [
  "\u202e\u2066dlrow olleh",
  "\u2067\u202b\u200f!",
  `Z${"\u0338\u0352\u0325\u0489".repeat(20)}`,
  `\u0628${"\u0610\u064b".repeat(40)}`,
  "\ufdfd".repeat(20),
  "W".repeat(10_000),
  "one\u2028two\nthree\tfour\u0000five",
];

/** Bodies that are no JSON, and so text. */
const plain = ["{", '{"t":"half', "[".repeat(20_000)];

const utf8 = new TextEncoder();

/** Bodies that are no comment. */
const unreadable: readonly Uint8Array[] = [
  ...["", '{"t":""}', '{"t":7}', '{"t":["<b>"]}', "[]", "null", '{"text":"another"}'],
  '{"t":"\\u200b \\u3164"}',
].map((text) => utf8.encode(text)).concat(Uint8Array.of(0xff, 0, 0xfe));

/** Rows and comments, as they are laid out. */
const boxes =
  `[...document.querySelectorAll("[data-testid=latest] li, .comment")].map((element) => ({
  height: element.getBoundingClientRect().height,
  nameLeft: element.querySelector(".name")?.getBoundingClientRect().left,
  overflow: getComputedStyle(element).overflow,
}))`;

interface Box {
  readonly height: number;
  readonly nameLeft?: number;
  readonly overflow: string;
}

/** Comments a second of a flood, and for how many seconds it lasts. */
const FLOOD = { perSecond: 500, seconds: 3 };

/** Measures from now on how long the page does not draw at most, in milliseconds. */
const watchFrames = `
  globalThis.longestMs = 0;
  let lastMs = performance.now();
  const frame = (nowMs) => {
    globalThis.longestMs = Math.max(globalThis.longestMs, nowMs - lastMs);
    lastMs = nowMs;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
`;

describe("the demo under attack, in Chromium", () => {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  let server: Server;
  let browser: Browser;
  let attacker: Client;

  before(async () => {
    // Whoever attacks does not keep to a rate.
    const rates = { publishRate: 0, publishMidRate: 0 };
    server = await startServer({ tcp: anyPort, ws: anyPort, http: anyPort, ...rates });
    browser = await launchChromium();
    attacker = connect(`ws://127.0.0.1:${server.ws.port}/sub`, { token: { mid: 666 } });
  }, slowly);

  after(async () => {
    attacker?.close();
    await browser?.close();
    await server?.close();
  });

  const open = (room: string, more?: Record<string, string>) =>
    DemoPage.open(browser, `http://127.0.0.1:${server.http.port}`, room, more);

  it("shows markup as text, whoever it comes from and wherever it stands", slowly, async () => {
    const page = await open("demo://markup");
    const room = attacker.join("demo://markup");
    for (const text of markup) {
      await room.publish({ t: text, n: text, c: `#fff;${text}`, p: text }, { mediaMs: 1_000 });
    }
    await page.part("name").fill(`<b onmouseover="${attack}">me`);
    await page.say(markup[0]);
    await page.say("the end");
    await page.lists("latest", "the end");
    const all = [...markup, markup[0], "the end"];
    assert.deepEqual(await page.listed("latest"), all);
    await page.seek(2_000);
    for (const text of markup) await page.lists("here", text);
    // It is loaded anew with all of it in its history.
    await page.page.reload();
    await page.lists("latest", "the end");
    assert.deepEqual(await page.listed("latest"), all);
    const inner = await page.page.evaluate(
      `document.querySelectorAll(".list :is(.text, .name) > *, .comment bdi > *").length`,
    );
    assert.equal(inner, 0);
    assert.equal(await page.page.evaluate("globalThis.taken"), undefined);
    assert.deepEqual(page.complaints, []);
    await page.page.close();
  });

  it(
    "keeps letters that are unruly in their line, and counts what nobody can read",
    slowly,
    async () => {
      const page = await open("demo://unruly", { t: "1" });
      const push = (body: string | Uint8Array) =>
        server.pushToRoom(COMMENT, "demo://unruly", body, { mediaMs: 1_000 });
      await push('{"t":"plain","n":"somebody"}');
      for (const text of unruly) await push(JSON.stringify({ t: text, n: text }));
      for (const body of [...plain, ...unreadable]) await push(body);
      await push('{"t":"the end","n":"somebody"}');
      await page.lists("latest", "the end");
      await page.shows("unreadable", String(unreadable.length));
      assert.equal((await page.listed("latest")).length, unruly.length + plain.length + 2);
      await page.seek(2_000);
      await page.lists("here", "the end");
      await page.stages("dlrow olleh");
      const all = await page.page.evaluate(boxes) as Box[];
      assert.ok(all.length > unruly.length + plain.length + 2);
      for (const { height, overflow } of all) {
        assert.equal(overflow, "clip");
        assert.ok(height > 0 && height < 110, `${height}`);
      }
      const named = all.filter(({ nameLeft }) => nameLeft !== undefined);
      assert.ok(named.length > unruly.length);
      for (const { nameLeft } of named) assert.equal(nameLeft, named[0].nameLeft);
      assert.equal(
        await page.page.evaluate("document.documentElement.scrollWidth <= innerWidth"),
        true,
      );
      assert.deepEqual(page.complaints, []);
      await page.page.close();
    },
  );

  it("goes on under a flood, and says how many it does not show", slowly, async () => {
    const page = await open("demo://flood");
    await page.page.evaluate(watchFrames);
    const flooding = (async () => {
      let pushed = 0;
      const total = FLOOD.perSecond * FLOOD.seconds;
      const startMs = performance.now();
      while (pushed < total) {
        const due = Math.min(total, (performance.now() - startMs) / 1_000 * FLOOD.perSecond);
        for (; pushed < due; pushed++) {
          await server.pushToRoom(COMMENT, "demo://flood", `{"t":"comment ${pushed}"}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await server.pushToRoom(COMMENT, "demo://flood", '{"t":"the end"}');
    })();
    // Meanwhile it does what it is asked.
    await page.shows("shed", /[1-9]/);
    await page.say("is anybody there?");
    await page.stages("is anybody there?");
    await page.part("play").click();
    await page.seek(90_000);
    await page.part("play").click();
    await flooding;
    await page.lists("latest", "the end");
    const longestMs = await page.page.evaluate("globalThis.longestMs") as number;
    assert.ok(longestMs < 2_000, `it did not draw for ${longestMs} ms`);
    assert.match(await page.part("shed").innerText(), /^[\d,]+$/);
    assert.deepEqual(page.complaints, []);
    await page.page.close();
  });
});
