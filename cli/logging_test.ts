import { afterEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { getLogger, reset } from "@logtape/logtape";
import { ManualClock } from "../base/clock.ts";
import { configureLogging, type LogDependencies, setLogLevel } from "./logging.ts";

/** A log whose lines a test gets. */
function readLog() {
  const decoder = new TextDecoder();
  let text = "";
  const counters = { linesDropped: 0, linesLeftOut: 0 };
  const write = (bytes: Uint8Array) => {
    text += decoder.decode(bytes);
    return Promise.resolve(bytes.length);
  };
  const parts: LogDependencies = { write, clock: new ManualClock(), counters };
  return { parts, lines: () => text.split("\n").slice(0, -1) };
}

describe("configureLogging()", () => {
  afterEach(() => reset());

  test("prints text lines: time, level, category, message, fields", async () => {
    const { parts, lines: read } = readLog();
    const { output } = await configureLogging({ logLevel: "info", logFormat: "text" }, parts);
    const logger = getLogger(["halley", "comet"]);
    logger.debug("not shown");
    logger.info("listening", { address: "127.0.0.1:3101", mid: 2n ** 60n });
    logger.warn("closed {key}", { key: 'a "b"\nc' });
    logger.error("failed", { error: new Error("no such room") });
    await output.flush(1000);
    const lines = read();
    assert.equal(lines.length, 3);
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
    assert.deepEqual(lines.map((line) => line.replace(time, "")), [
      "INFO halley.comet listening address=127.0.0.1:3101 mid=1152921504606846976",
      String.raw`WARNING halley.comet closed "a \"b\"\nc"`,
      'ERROR halley.comet failed error="no such room"',
    ]);
    for (const line of lines) assert.match(line, time);
  });

  test("prints more and less when setLogLevel() says so, and loses no line", async () => {
    const { parts, lines } = readLog();
    const { output } = await configureLogging({ logLevel: "info", logFormat: "text" }, parts);
    const logger = getLogger(["halley", "logic"]);
    for (const level of ["debug", "error", "info"] as const) {
      logger.info("before {level}", { level });
      setLogLevel(level);
      logger.debug("debug at {level}", { level });
      logger.info("info at {level}", { level });
      getLogger(["halley", "audit"]).info("audit at {level}", { level });
    }
    await output.flush(1000);
    assert.deepEqual(lines().map((line) => line.split(" ").slice(3).join(" ")), [
      "before debug",
      ...["debug at debug", "info at debug", "audit at debug"],
      "before error",
      "audit at error",
      ...["info at info", "audit at info"],
    ]);
  });

  test("prints every line of the audit log, whatever the level and however many come", async () => {
    const { parts, lines } = readLog();
    const { output } = await configureLogging({ logLevel: "error", logFormat: "text" }, parts);
    for (let call = 1; call <= 50; call++) getLogger(["halley", "audit"]).info("{call}", { call });
    getLogger(["halley", "logic"]).info("not shown");
    await output.flush(1000);
    assert.equal(lines().length, 50);
    assert.match(lines()[49], / INFO halley.audit 50$/);
    assert.equal(parts.counters.linesLeftOut, 0);
  });

  test("prints JSON lines", async () => {
    const { parts, lines: read } = readLog();
    const { output } = await configureLogging({ logLevel: "warning", logFormat: "json" }, parts);
    const logger = getLogger(["halley", "logic"]);
    logger.info("not shown");
    logger.warn("slow reader", { key: "k\n1", dropped: 3 });
    logger.error("failed: {error}", { error: new TypeError("no such room") });
    await output.flush(1000);
    const lines = read().map((line) => {
      const { "@timestamp": time, ...rest } = JSON.parse(line);
      assert.match(time, /^\d{4}-\d\d-\d\dT/);
      return rest;
    });
    assert.deepEqual(lines, [
      {
        level: "WARN",
        message: "slow reader",
        logger: "halley.logic",
        key: "k\n1",
        dropped: 3,
      },
      {
        level: "ERROR",
        message: 'failed: "no such room"',
        logger: "halley.logic",
        error: "no such room",
      },
    ]);
  });

  for (const logFormat of ["text", "json"] as const) {
    test(`escapes what a terminal would act upon, as ${logFormat}`, async () => {
      const { parts, lines } = readLog();
      const { output } = await configureLogging({ logLevel: "info", logFormat }, parts);
      const key = "a\u001b[2J \u0085\u009b31m \u2028\u2029 \u202e\u2066 \u{e0001} \u00e9\u{1f600}";
      getLogger(["halley", "comet"]).info("closed {key}", { key });
      await output.flush(1000);
      assert.equal(lines().length, 1);
      const [line] = lines();
      const escaped = String.raw`a\u001b[2J \u0085\u009b31m \u2028\u2029 \u202e\u2066 ` +
        String.raw`\udb40\udc01 ` + "é😀";
      const expected = logFormat === "text" ? `closed "${escaped}"` : `"key":"${escaped}"`;
      assert.ok(line.includes(expected), line);
      if (logFormat === "json") assert.equal(JSON.parse(line).key, key);
    });
  }

  test("says how many lines of a kind were left out, and how many were dropped", async () => {
    const { parts, lines } = readLog();
    const log = await configureLogging({ logLevel: "info", logFormat: "json" }, parts);
    const logger = getLogger(["halley", "comet"]);
    for (let client = 0; client < 25; client++) logger.warn("closed {client}", { client });
    log.end();
    await log.output.flush(1000);
    const { level, logger: name, message, count } = JSON.parse(lines().at(-1)!);
    assert.deepEqual([lines().length, level, name, message, count], [
      11,
      "WARN",
      "halley.comet",
      "15 more were left out: closed {client}",
      15,
    ]);
    logger.info("x".repeat(2 ** 20));
    logger.info("one more");
    await log.output.flush(1000);
    assert.equal(
      JSON.parse(lines().at(-1)!).message,
      "lines were dropped, since nobody took them: 1",
    );
    assert.deepEqual(parts.counters, { linesDropped: 1, linesLeftOut: 15 });
  });
});
