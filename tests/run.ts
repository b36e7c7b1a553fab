/**
 * The test command: checks types, lint and format, then runs every test file on Deno and on Bun.
 *
 * @module
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { run } from "./runner/child.ts";
import { listFiles, needsBrowser, needsProxies, needsRedis } from "./runner/files.ts";
import { lineUp, runInLanes } from "./runner/lanes.ts";
import { ensurePackages, type Packages } from "./runner/packages.ts";
import { type Counts, readReport } from "./runner/report.ts";
import { findRuntime, type Runtime } from "./runner/runtimes.ts";

const help = `Checks types, lint and format, then runs the tests on Deno and on Bun.

Usage: deno task test [PATH]...
       bun run test [PATH]...

PATH is a part of a path: only files whose path contains it are checked and run.

Examples:
  deno task test                    everything
  deno task test comet/             one folder
  deno task test base/clock_test    one file

A runtime that is not installed is fetched with npx. Some tests need Chromium, redis-server, nginx
or HAProxy; they are installed where that is possible.
In the end it says which files took longest. The last line is "N passed, N failed, N skipped" over
both runtimes; a failed check counts as one failure. The exit code is 1 when anything failed or no
test ran.`;

/** Of how many files it is said that they took longest. */
const slowestShown = 10;

const browser: Packages = { chromium: "/usr/bin/chromium" };
const redis: Packages = { "redis-server": "redis-server", openssl: "openssl" };
const proxies: Packages = {
  haproxy: "/usr/sbin/haproxy",
  nginx: "/usr/sbin/nginx",
  "libnginx-mod-stream": "/usr/lib/nginx/modules/ngx_stream_module.so",
  openssl: "openssl",
};

/** After how long a test file is killed, in milliseconds. */
const fileDeadlineMs = 240_000;

const total: Counts = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
const times: { readonly what: string; readonly elapsedMs: number }[] = [];

function seconds(elapsedMs: number): string {
  return `${(elapsedMs / 1000).toFixed(1)} s`;
}

/** Runs one of Deno's own commands, whose failure is one failure. */
async function check(deno: Runtime, what: string, args: readonly string[]): Promise<void> {
  process.stdout.write(`${what} ... `);
  const { code, output, elapsedMs } = await run(deno.path, args);
  console.log(code === 0 ? `ok (${seconds(elapsedMs)})` : `FAILED\n${output}`);
  if (code === 0) return;
  total.failed++;
  failures.push(what);
}

/** Runs one test file on one runtime. */
async function runFile(runtime: Runtime, file: string, folder: string): Promise<Counts> {
  const report = `${folder}/${runtime.name}-${file.replaceAll("/", "-")}.xml`;
  const args = runtime.name === "deno"
    ? ["test", "-A", "--no-check", "--preload=./tests/runner/uncaught.ts", `--junit-path=${report}`]
    : ["test", "--timeout=60000", "--reporter=junit", `--reporter-outfile=${report}`];
  const ended = await run(runtime.path, [...args, `./${file}`], { deadlineMs: fileDeadlineMs });
  const xml = await readFile(report, "utf8").catch(() => undefined);
  const counts = readReport(xml, ended.code, ended.output);
  total.passed += counts.passed;
  total.failed += counts.failed;
  total.skipped += counts.skipped;
  for (const name of counts.failures) failures.push(`${runtime.name} ${file}: ${name}`);
  const skipped = counts.skipped === 0 ? "" : `, ${counts.skipped} skipped`;
  const failed = counts.failed === 0 ? "" : `, ${counts.failed} FAILED`;
  times.push({ what: `${runtime.name} ${file}`, elapsedMs: ended.elapsedMs });
  const outcome = `${counts.passed} passed${failed}${skipped} (${seconds(ended.elapsedMs)})`;
  console.log(`${runtime.name} ${file} ... ${outcome}`);
  if (counts.failed > 0) console.log(`${ended.output.trimEnd()}\n`);
  return counts;
}

/** A test that only one runtime sees is a mistake; one that cannot pass on the other is skipped. */
function compare(file: string, deno: Counts, bun: Counts): void {
  const onDeno = deno.passed + deno.skipped;
  const onBun = bun.passed + bun.skipped;
  if (deno.failed > 0 || bun.failed > 0 || onDeno === onBun) return;
  total.failed++;
  failures.push(`${file}: ${onDeno} tests on Deno, ${onBun} on Bun`);
}

/** Says where the time went. */
function sayTimes(startedMs: number): void {
  const sumMs = times.reduce((sum, { elapsedMs }) => sum + elapsedMs, 0);
  const slowest = times.toSorted((a, b) => b.elapsedMs - a.elapsedMs).slice(0, slowestShown);
  const lines = slowest.map(({ what, elapsedMs }) => `  ${seconds(elapsedMs)} ${what}`);
  console.log(
    `\nAll of it took ${seconds(performance.now() - startedMs)}, ` +
      `the test files ${seconds(sumMs)} one by one. The slowest:\n${lines.join("\n")}`,
  );
}

async function main(filters: readonly string[]): Promise<void> {
  const startedMs = performance.now();
  const files = await listFiles("_test.ts", filters);
  if (await needsBrowser(files)) await ensurePackages("the tests in a browser", browser);
  if (await needsRedis(files)) await ensurePackages("the tests of a cluster", redis);
  if (await needsProxies(files)) await ensurePackages("the tests of proxies", proxies);
  const deno = await findRuntime("deno");
  const bun = await findRuntime("bun");
  console.log(`Deno ${deno.version}, Bun ${bun.version}, ${files.length} test files on each\n`);

  // Bun finds the packages there too.
  if (!existsSync("node_modules")) await check(deno, "install", ["install"]);
  const checked = filters.length === 0 ? [] : await listFiles(".ts", filters);
  if (filters.length === 0 || checked.length > 0) {
    await check(deno, "type check", ["check", ...checked]);
    await check(deno, "lint", ["lint", ...checked]);
    await check(deno, "format", ["fmt", "--check", ...checked]);
  }
  const folder = await mkdtemp(`${tmpdir()}/halley-test-`);
  try {
    const counts = new Map([deno, bun].map((runtime) => [runtime, new Map<string, Counts>()]));
    await runInLanes(lineUp(files, [deno, bun]), async ({ runtime, file }) => {
      counts.get(runtime)!.set(file, await runFile(runtime, file, folder));
    });
    for (const file of files) {
      compare(file, counts.get(deno)!.get(file)!, counts.get(bun)!.get(file)!);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  sayTimes(startedMs);
}

const args = process.argv.slice(2);
if (args.includes("--help") || args.includes("-h")) {
  console.log(help);
} else {
  try {
    await main(args);
    if (total.passed + total.failed + total.skipped === 0) throw new Error("No test was run");
  } catch (error) {
    total.failed++;
    failures.push((error as Error).message);
  }
  if (failures.length > 0) {
    console.log(`\nFailed:\n${failures.map((one) => `  ${one}`).join("\n")}`);
  }
  console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  if (total.failed > 0) process.exitCode = 1;
}
