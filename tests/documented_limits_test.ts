import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { cometHelp, httpHelp } from "../cli/counter_help.ts";
import { optionList } from "../cli/config/schema.ts";
import type { Option } from "../options/kinds.ts";
import { formatBytes, formatDuration } from "../options/units.ts";
import { HttpLimits } from "../protocol/http/limits.ts";
import { Limits } from "../protocol/limits.ts";

const page = readFileSync(new URL("../docs/limits.md", import.meta.url), "utf8");

/** The default of each row of the tables, by the name of the option or constant. */
const documented = new Map(
  Array.from(
    page.matchAll(/^\| [^|]+ \| `([\w.-]+)` +\| ([^|]+?) +\| /gm),
    ([, name, value]) => [name, value] as const,
  ),
);

/** Options that say how much, how often or how long somebody may. */
const LIMIT = /^(?!logic)[a-z-]+-(?:max|rate|burst|deadline|timeout|mode)$/;

/** Those that bound what the server does by itself. */
const OWN = ["webhook-timeout", "auth-webhook-timeout"];

function defaultText({ default: value, toToml }: Option<unknown>): string {
  return toToml(value).replaceAll('"', "");
}

/** The value of a constant, with the unit that its name ends with. */
function valueText(name: string, value: number): string {
  if (/Bytes(?:Max)?$/.test(name)) return formatBytes(value);
  if (/Ms(?:Max)?$/.test(name)) return formatDuration(value);
  return String(value);
}

test("docs/limits.md has every option that is a limit, with its default", () => {
  const rows = optionList.flatMap(([, option]) => Object.values(option.rows ?? {}));
  const all = [...optionList.map(([, option]) => option), ...rows];
  const limits = all.filter(({ name }) => LIMIT.test(name) && !OWN.includes(name));
  assert.ok(limits.length > 20);
  for (const option of limits) {
    assert.equal(documented.get(option.name), defaultText(option), option.name);
  }
});

test("docs/limits.md has every limit of the wire and of HTTP, with its value", () => {
  for (const [prefix, limits] of Object.entries({ Limits, HttpLimits })) {
    for (const [name, value] of Object.entries(limits)) {
      assert.equal(documented.get(`${prefix}.${name}`), valueText(name, value), name);
    }
  }
});

test("docs/limits.md has every counter of who met a limit at a client's port or the HTTP port", () => {
  const met = /refused|TooMany|tooMany|Full|Timeouts|[dD]ropped|tooFar|slowReaders|madeRoom/;
  const helps = { comet: cometHelp, http: httpHelp };
  for (const [prefix, help] of Object.entries(helps)) {
    for (const counter of Object.keys(help).filter((name) => met.test(name))) {
      const words = counter.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
      const name = `halley_${prefix}_${words}_total`;
      assert.ok(page.includes(`\`${name}\``), name);
    }
  }
});
