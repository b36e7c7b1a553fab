import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import * as helps from "../cli/counter_help.ts";
import { Metrics } from "../cli/metrics.ts";
import { listFiles } from "./runner/files.ts";

/** What each group of counters is called in front, where that is not the name of its help. */
const prefixes: Readonly<Record<string, string>> = { stall: "process", access: "metrics" };

/** Every metric that a process may show. */
async function metricNames(): Promise<Set<string>> {
  const metrics = new Metrics();
  const groups: Readonly<Record<string, Readonly<Record<string, string>>>> = helps;
  for (const [name, help] of Object.entries(groups)) {
    const group = name.replace(/Help$/, "");
    const values = Object.fromEntries(Object.keys(help).map((counter) => [counter, 0]));
    metrics.addCounters({ prefix: prefixes[group] ?? group, values, help });
  }
  const names = new Set((await metrics.text()).match(/^halley_\w+/gm));
  for (const file of await listFiles(".ts", ["cli/"])) {
    const text = await readFile(file, "utf8");
    for (const [, name] of text.matchAll(/\.addGauge\(\s*"(\w+)"/g)) names.add(`halley_${name}`);
  }
  return names;
}

test("the metrics that documents name exist", async () => {
  const names = await metricNames();
  const unknown: string[] = [];
  for (const file of await listFiles(".md", [])) {
    for (const [, found] of (await readFile(file, "utf8")).matchAll(/`(halley_\w+)/g)) {
      // The beginning of a name stands for all that begin so.
      if (![...names].some((name) => name.startsWith(found))) unknown.push(`${file}: ${found}`);
    }
  }
  assert.deepEqual(unknown, []);
});
