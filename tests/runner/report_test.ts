import { test } from "node:test";
import assert from "node:assert/strict";
import { readReport, uncaughtMark } from "./report.ts";

const bunReport = `<testsuites name="bun test" tests="5">
  <testsuite name="a_test.ts">
    <testcase name="with subtests" classname="" />
    <testcase name="later" classname=""><skipped message="not yet" /></testcase>
    <testsuite name="group">
      <testcase name="deep" classname="group" />
      <testcase name="says &quot;a &gt; b&quot;" classname="group">
        <failure type="Error" message="bad">Error: bad</failure>
      </testcase>
    </testsuite>
  </testsuite>
</testsuites>`;

const denoReport = `<testsuites name="deno test" tests="8">
  <testsuite name="./a_test.ts">
    <testcase name="with subtests" classname="./a_test.ts" time="0.002">
    </testcase>
    <testcase name="later" classname="./a_test.ts"><skipped/></testcase>
    <testcase name="group" classname="./a_test.ts">
      <failure message="1 test step failed">1 test step failed.</failure>
    </testcase>
    <testcase name="with subtests &gt; one" classname="./a_test.ts">
    </testcase>
  </testsuite>
  <testsuite name="ext:deno_node/testing.ts">
    <testcase name="group &gt; deep" classname="ext:deno_node/testing.ts">
    </testcase>
    <testcase name="group &gt; says &quot;a &gt; b&quot;" classname="ext:deno_node/testing.ts">
      <failure message="Uncaught Error: bad">Error: bad</failure>
    </testcase>
  </testsuite>
</testsuites>`;

test("readReport() counts the same file alike on both runtimes", () => {
  const expected = { passed: 2, failed: 1, skipped: 1, failures: ['group > says "a > b"'] };
  assert.deepEqual(readReport(bunReport, 1, ""), expected);
  assert.deepEqual(readReport(denoReport, 1, ""), expected);
});

test("readReport() counts a failed hook of a group whose tests did not run", () => {
  const xml = `<testcase name="group" classname="./a_test.ts"><failure message="hook"/></testcase>
    <testcase name="group &gt; x" classname="ext:deno_node/testing.ts"></testcase>`;
  assert.deepEqual(readReport(xml, 1, ""), {
    passed: 1,
    failed: 1,
    skipped: 0,
    failures: ["group"],
  });
});

test("readReport() counts a crash, a missing report and an uncaught error as failures", () => {
  const passing = `<testcase name="a" classname="" />`;
  const cases: [string | undefined, number, string, string][] = [
    [undefined, 3, "", "the runner ended with code 3"],
    [undefined, 0, "", "no test in this file"],
    [passing, 1, "", "the runner ended with code 1"],
    [passing, 0, `${uncaughtMark} Error: late`, "an error outside a test"],
  ];
  for (const [xml, code, output, failure] of cases) {
    const report = readReport(xml, code, output);
    assert.equal(report.failed, 1);
    assert.deepEqual(report.failures, [failure]);
  }
});
