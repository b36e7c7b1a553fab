import assert from "node:assert/strict";
import { test } from "node:test";
import type { Browser } from "playwright-core";

import { htmlPage } from "../sim/report/html.ts";
import { runInChromium, withChromium } from "./support/chromium.ts";
import { failedSimReport, simReport } from "./support/sim_report.ts";

const hostile = `<script>document.title = "taken"</script><b>"&'`;

const pages: Readonly<Record<string, string>> = {
  "all hold": htmlPage(simReport()),
  "failed": htmlPage(failedSimReport({
    samples: simReport().samples.map((sample, index) => ({ ...sample, phase: `phase ${index}` })),
    options: [`--api http://${"long".repeat(100)}`],
    findings: [{ check: hostile, ok: false, text: hostile.repeat(10) }],
  })),
  "one sample elsewhere": htmlPage(simReport({
    samples: simReport().samples.slice(4, 5),
    server: undefined,
  })),
};

/** What a browser made of a page. */
interface Seen {
  readonly page: string;
  readonly width: number;
  /** By how much it is wider than its window. */
  readonly overflow: number;
  readonly headline: string;
  readonly title: string;
  readonly svgs: readonly { readonly width: number; readonly height: number }[];
  /** Lengths of the lines of the charts. */
  readonly lines: readonly number[];
  readonly scripts: number;
}

/** Opens every page in frames of the width of a phone and of a screen. */
const look = `
  const pages = JSON.parse(${JSON.stringify(JSON.stringify(pages)).replaceAll("<", "\\u003c")});
  const seen = [];
  for (const [page, html] of Object.entries(pages)) {
    for (const width of [400, 1100]) {
      const frame = document.createElement("iframe");
      frame.style = "border:0;height:800px;width:" + width + "px";
      frame.srcdoc = html;
      const loaded = new Promise((resolve) => frame.onload = resolve);
      document.body.append(frame);
      await loaded;
      const inner = frame.contentDocument;
      const all = (selector) => Array.from(inner.querySelectorAll(selector));
      const root = inner.documentElement;
      seen.push({
        page,
        width,
        overflow: root.scrollWidth - root.clientWidth,
        headline: inner.querySelector("h1").textContent,
        title: inner.title,
        svgs: all("svg").map((svg) => {
          const { width, height } = svg.getBoundingClientRect();
          return { width, height };
        }),
        lines: all("svg .line").map((line) => line.getTotalLength()),
        scripts: all("script").length,
      });
    }
  }
  return seen;
`;

/** What the browser's console says of a page. */
async function consoleOf(browser: Browser, html: string): Promise<string[]> {
  const page = await browser.newPage();
  const said: string[] = [];
  page.on("console", (message) => said.push(message.text()));
  page.on("pageerror", (error) => said.push(String(error)));
  await page.setContent(html);
  // What it says comes in order: nothing of the page comes behind this.
  const last = page.waitForEvent("console", (message) => message.text() === "the end");
  await page.evaluate('console.log("the end")');
  await last;
  return said.slice(0, -1);
}

test("Chromium draws every chart of a report, on a phone and on a screen", {
  timeout: 60_000,
}, async () => {
  const seen = await runInChromium(look) as Seen[];
  assert.equal(seen.length, 2 * Object.keys(pages).length);
  for (const { page, width, overflow, svgs, lines, scripts, title } of seen) {
    const where = `"${page}" in a width of ${width}`;
    assert.ok(overflow <= 0, `${where} is ${overflow} too wide`);
    assert.equal(svgs.length, page === "one sample elsewhere" ? 4 : 6, where);
    for (const svg of svgs) {
      assert.ok(svg.width > 200 && svg.height > 100, `${where}: ${svg.width} x ${svg.height}`);
    }
    assert.ok(lines.length >= 5 && lines.every((length) => length > 0), `${where}: ${lines}`);
    assert.equal(scripts, 0, where);
    assert.match(title, /^halley sim fanout: /);
  }
  const headlines = new Set(seen.map(({ headline }) => headline));
  assert.deepEqual([...headlines], ["✓All 2 checks hold", "✗1 of 1 checks FAILED"]);
});

test(
  "Chromium has nothing to complain of in a report",
  { timeout: 60_000 },
  () =>
    withChromium(async (browser) => {
      for (const page of Object.values(pages)) assert.deepEqual(await consoleOf(browser, page), []);
      const spoiled = pages["all hold"].replace('d="M', 'd="MNaN ');
      const complaints = await consoleOf(browser, spoiled);
      assert.equal(complaints.length, 1);
      assert.match(complaints[0], /attribute d: Expected number/);
    }),
);
