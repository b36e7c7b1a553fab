import assert from "node:assert/strict";
import { test } from "node:test";
import { failedSimReport, showReport, simReport } from "../../tests/support/sim_report.ts";
import type { Report } from "../types.ts";
import { htmlPage } from "./html.ts";

const hostile = `<script>alert("1")</script>&'`;
const harmless = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;";

/** The page without its style, as lines of text. */
function textOf(page: string): string {
  return page.replace(/<style>[^]*<\/style>/, "").replace(/<title>[^]*?<\/title>/g, "")
    .replace(/<[^>]*>/g, "\n").replace(/\n+/g, "\n");
}

function svgs(page: string): number {
  return page.split("<svg").length - 1;
}

test("htmlPage() says first that all checks hold, with a sign", () => {
  const text = textOf(htmlPage(simReport()));
  assert.match(text.trim(), /^✓\nAll 2 checks hold\nhalley sim, scenario fanout\n: 500 clients/);
  assert.match(text, /every client must get all of its room&#39;s/);
  assert.doesNotMatch(text, /✗|FAILED/);
});

test("htmlPage() says first which checks failed, and shows them first in the table", () => {
  const page = htmlPage(failedSimReport());
  const text = textOf(page);
  assert.match(text.trim(), /^✗\n1 of 2 checks FAILED\nnothing is lost\n: 12 of 100000/);
  assert.ok(text.indexOf("✗\nFAILED\nnothing is lost") < text.indexOf("✓\nholds\norder is kept"));
  assert.match(text, /Lost\n✗\n12\n/);
  assert.match(text, /The first failures\nclient 17, room 1: numbers 40 to 51 never came\n/);
});

test("htmlPage() does not call a run good in which nothing was checked", () => {
  const text = textOf(htmlPage(simReport({ findings: [] })));
  assert.match(text.trim(), /^✗\nNothing was checked\n/);
});

test("htmlPage() shows the key figures", () => {
  const text = textOf(htmlPage(simReport({ heartbeatsMissed: 3, lostConnections: 4 })));
  for (
    const tile of [
      "Clients\n500\n4 connections lost",
      "Deliveries received\n100,000\nof 100,000 expected",
      "Lost\n0\n",
      "Doubled\n0\n",
      "Reordered\n0\n",
      "Misdelivered\n0\n",
      "Heartbeats\n✗\n250\n3 missed",
      "Latency, median\n2.06 ms",
      "Latency, p99\n7.56 ms",
      "Latency, longest\n12.3 ms",
      "Server CPU\n2.5 s\n0.2 cores on average",
      "Server memory\n70 MiB\ngrew by 20 KiB per client",
    ]
  ) assert.ok(text.includes(`\n${tile}`), tile);
});

test("htmlPage() says that more may come than is counted on around joins and leaves", () => {
  const { receipts } = simReport();
  const text = textOf(htmlPage(simReport({ receipts: { ...receipts, received: 100_500 } })));
  assert.match(text, /100,500\nof at least 100,000 expected/);
});

test("htmlPage() draws six charts and names the phases", () => {
  const page = htmlPage(simReport());
  assert.equal(svgs(page), 6);
  const text = textOf(page);
  const titles = ["Latency over time", "Latency histogram", "Throughput", "Clients"];
  for (const title of [...titles, "Server CPU", "Server memory"]) {
    assert.ok(text.includes(`\n${title}\n`), title);
  }
  assert.match(text, /Phases: \n1\n connect \n0–1 s\n \n2\n fanout \n1–11 s\n/);
});

test("htmlPage() has a sentence in place of CPU and memory of a server that runs elsewhere", () => {
  const samples = simReport().samples.map((sample) => {
    return { ...sample, serverCores: undefined, serverRssBytes: undefined };
  });
  const page = htmlPage(simReport({ server: undefined, samples }));
  assert.equal(svgs(page), 4);
  assert.match(page, /The server runs elsewhere: its CPU and memory cannot be seen\./);
  assert.doesNotMatch(textOf(page), /Server CPU|Server memory/);
});

test("htmlPage() escapes everything that a report holds", () => {
  const { receipts, samples } = simReport();
  const page = htmlPage(simReport({
    scenario: hostile,
    options: [`--api ${hostile}`, hostile],
    receipts: { ...receipts, failures: [hostile] },
    samples: samples.map((sample) => ({ ...sample, phase: hostile })),
    findings: [{ check: hostile, ok: false, text: hostile }],
    notes: { [hostile]: hostile },
  }));
  assert.doesNotMatch(page, /<script/);
  assert.ok(page.split(harmless).length > 10);
  assert.ok(page.includes(`<td>${harmless}</td>`));
  assert.ok(page.includes(`title="${harmless}"`));
});

test("htmlPage() gives the command that repeats the run, quoted for a shell", () => {
  const options = ["--scenario storm", "--api http://host/?a&b='1'", "--seed 7"];
  const page = htmlPage(simReport({ options }));
  const command = `halley sim --scenario storm --api 'http://host/?a&b='\\''1'\\''' --seed 7`;
  const shown = command.replaceAll("&", "&amp;").replaceAll("'", "&#39;");
  assert.ok(page.includes(`<pre class="card">${shown}</pre>`));
});

test("htmlPage() shows the figures of the scenario's own", () => {
  const notes = { capacity_clients: 60_000, growth: 1.256, stopped_by: "CPU" };
  const text = textOf(htmlPage(simReport({ notes })));
  assert.match(text, /\ncapacity clients\n60,000\ngrowth\n1.26\nstopped by\nCPU\n/);
});

test("htmlPage() says nothing of latency where nothing arrived", () => {
  const receipts = { ...simReport().receipts, expected: 0, received: 0 };
  const text = textOf(htmlPage(simReport({ receipts, histogram: [] })));
  assert.match(text, /\nLatency, p99\n–\n/);
  assert.match(text, /nothing arrived/);
});

const { samples } = simReport();
const zero = { expectedPerS: 0, receivedPerS: 0, p50Ms: 0, p99Ms: 0, clients: 0 };
const unusual: Record<string, Partial<Report>> = {
  "no sample": { samples: [] },
  "one sample": { samples: samples.slice(0, 1) },
  "one sample at no time": { samples: [{ ...samples[0], atS: 0 }] },
  "zeros": {
    clients: 0,
    durationS: 0,
    latencyMs: { p50: 0, p99: 0, max: 0 },
    samples: samples.map((sample) => ({ ...sample, ...zero, serverCores: 0, serverRssBytes: 0 })),
    server: { cpuS: 0, rssBytes: 0, rssPerClientBytes: 0 },
  },
  "figures that are no numbers": {
    latencyMs: { p50: NaN, p99: NaN, max: NaN },
    samples: samples.map((sample) => ({ ...sample, p50Ms: NaN, receivedPerS: Infinity })),
  },
};

for (const [what, changes] of Object.entries(unusual)) {
  test(`htmlPage() makes a whole page of a run with ${what}`, () => {
    const page = htmlPage(simReport(changes));
    assert.doesNotMatch(page, /NaN|Infinity|undefined/);
    assert.match(page, /<\/html>\n$/);
  });
}

test("htmlPage() runs and fetches nothing", () => {
  const page = htmlPage(failedSimReport());
  assert.doesNotMatch(page, /<script|<link|<img|\bsrc=|url\(|@import|\bon\w+=/);
  assert.match(page, /Content-Security-Policy" content="default-src 'none'/);
});

test("htmlPage() shows what became of the messages of a show, and why some were refused", () => {
  const page = htmlPage(showReport());
  const text = textOf(page);
  for (
    const part of [
      "Messages taken\n1,200\n20 a second\n",
      "Messages refused\n40\ntheir authors were told why\n",
      "Refused messages\nMessages\nTheir authors were told\n30\ntoo many &lt;messages&gt;\n10\n",
      "Messages of clients\n",
    ]
  ) assert.ok(text.includes(`\n${part}`), part);
  assert.equal(svgs(page), svgs(htmlPage(simReport())) + 1);
});
