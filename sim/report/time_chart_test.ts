import assert from "node:assert/strict";
import { test } from "node:test";
import { linearScale } from "./scale.ts";
import { bandsOf, pathOf, type TimeChart, timeChart } from "./time_chart.ts";

const chart: TimeChart = {
  title: "Clients",
  unit: "connected",
  timesS: [5, 10],
  bands: [{ name: "connect", fromS: 0, toS: 5 }, { name: "fanout", fromS: 5, toS: 10 }],
  lines: [{ name: "clients", values: [0, 100] }],
  y: linearScale([100]),
  say: (value) => `${value}`,
};

/** Every match of a pattern's first group. */
function all(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, group]) => group);
}

test("pathOf() goes through its points, upwards for more", () => {
  assert.equal(pathOf([[0, 0], [0.5, 1], [1, 0.25]]), "M0 200L500 0L1000 150");
});

test("pathOf() leaves gaps and shows a point that stands alone", () => {
  const points = [[0, 0], [0.1, 0], undefined, [0.5, 0.5], undefined, [1, 1]] as const;
  assert.equal(pathOf(points), "M0 200L100 200M496 100h8M996 0h8");
  assert.equal(pathOf([undefined]), "");
  assert.equal(pathOf([]), "");
});

test("bandsOf() gives each phase from the end of the one before", () => {
  const samples = [
    { atS: 0.5, phase: "connect" },
    { atS: 1, phase: "fanout" },
    { atS: 1.5, phase: "fanout" },
    { atS: 2, phase: "connect" },
  ];
  assert.deepEqual(bandsOf(samples), [
    { name: "connect", fromS: 0, toS: 0.5 },
    { name: "fanout", fromS: 0.5, toS: 1.5 },
    { name: "connect", fromS: 1.5, toS: 2 },
  ]);
  assert.deepEqual(bandsOf([]), []);
});

test("timeChart() draws its line over its phases and labels both axes", () => {
  const html = timeChart(chart);
  assert.deepEqual(all(html, /<path class="line line-1" d="([^"]*)"/g), ["M500 200L1000 0"]);
  assert.deepEqual(all(html, /<span style="(bottom:[^"]*">[^<]*)/g), [
    'bottom:0%">0',
    'bottom:20%">20',
    'bottom:40%">40',
    'bottom:60%">60',
    'bottom:80%">80',
    'bottom:100%">100',
  ]);
  assert.deepEqual(all(html, /<span style="(left:[^"]*">[^<]*)/g), [
    'left:0%">0',
    'left:20%">2',
    'left:40%">4',
    'left:60%">6',
    'left:80%">8',
    'left:100%">10',
  ]);
  assert.deepEqual(all(html, /<rect class="band-\d" x="([^>]*)"/g), [
    '0" y="0" width="500" height="200',
    '500" y="0" width="500" height="200',
  ]);
  assert.match(html, /left:50%;width:50%" title="fanout"><b>2<\/b><i>fanout<\/i>/);
  assert.match(html, /seconds since the start/);
});

test("timeChart() says each moment where it is pointed at, up to half way to the next", () => {
  const html = timeChart(chart);
  assert.deepEqual(all(html, /<title>([^<]*)</g), [
    "5 s, connect\nclients: 0",
    "10 s, fanout\nclients: 100",
  ]);
  assert.deepEqual(all(html, /<rect class="pointed" x="([\d.]+)"/g), ["0", "750"]);
});

test("timeChart() names its lines only where there are two", () => {
  assert.doesNotMatch(timeChart(chart), /<i><\/i>/);
  const two = [{ name: "received", values: [1, 2] }, { name: "expected", values: [1, 2] }];
  const html = timeChart({ ...chart, lines: two });
  assert.match(html, /<span class="line-1"><i><\/i>received<\/span>/);
  assert.match(html, /<span class="line-2"><i><\/i>expected<\/span>/);
});

test("timeChart() has some hundred places to point at, however long the run", () => {
  const timesS = Array.from({ length: 10_000 }, (_, index) => index + 1);
  const lines = [{ name: "clients", values: timesS }];
  const html = timeChart({ ...chart, timesS, lines, y: linearScale(timesS) });
  const places = all(html, /<rect class="(pointed)"/g).length;
  assert.ok(places > 100 && places <= 300, `${places} places`);
});

test("timeChart() without a value is a sentence", () => {
  for (const values of [[], [undefined, undefined], [NaN, NaN]]) {
    const html = timeChart({ ...chart, lines: [{ name: "clients", values }] });
    assert.match(html, /no sample has a value/);
    assert.doesNotMatch(html, /<svg/);
  }
});

test("timeChart() draws a run that is over at once", () => {
  const bands = [{ name: "connect", fromS: 0, toS: 0 }];
  const html = timeChart({ ...chart, timesS: [0], bands, lines: [{ name: "a", values: [5] }] });
  assert.doesNotMatch(html, /NaN|Infinity|undefined/);
});
