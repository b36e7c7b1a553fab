import { afterEach, describe, test } from "node:test";
import assert from "node:assert/strict";
import { getLogger, reset } from "@logtape/logtape";
import { configureLogging } from "./logging.ts";

describe("configureLogging()", () => {
  afterEach(() => reset());

  test("prints text lines: time, level, category, message, fields", async () => {
    const lines: string[] = [];
    await configureLogging({ logLevel: "info", logFormat: "text" }, (line) => lines.push(line));
    const logger = getLogger(["halley", "comet"]);
    logger.debug("not shown");
    logger.info("listening", { address: "127.0.0.1:3101", mid: 2n ** 60n });
    logger.warn("closed {key}", { key: 'a "b"\nc' });
    logger.error("failed", { error: new Error("no such room") });
    assert.equal(lines.length, 3);
    const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
    assert.deepEqual(lines.map((line) => line.replace(time, "")), [
      "INFO halley.comet listening address=127.0.0.1:3101 mid=1152921504606846976",
      String.raw`WARNING halley.comet closed "a \"b\"\nc"`,
      'ERROR halley.comet failed error="no such room"',
    ]);
    for (const line of lines) assert.match(line, time);
  });

  test("prints JSON lines", async () => {
    const lines: string[] = [];
    await configureLogging({ logLevel: "warning", logFormat: "json" }, (line) => lines.push(line));
    const logger = getLogger(["halley", "logic"]);
    logger.info("not shown");
    logger.warn("slow reader", { key: "k\n1", dropped: 3 });
    assert.equal(lines.length, 1);
    const { "@timestamp": time, ...rest } = JSON.parse(lines[0]);
    assert.match(time, /^\d{4}-\d\d-\d\dT/);
    assert.deepEqual(rest, {
      level: "WARN",
      message: "slow reader",
      logger: "halley.logic",
      key: "k\n1",
      dropped: 3,
    });
  });
});
