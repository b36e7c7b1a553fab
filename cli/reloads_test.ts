import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { configure, type LogRecord } from "@logtape/logtape";
import { ConfigError } from "../options/reading.ts";
import { type Config, defaultConfig } from "./config/schema.ts";
import { Reloads } from "./reloads.ts";
import type { Running } from "./roles/role_process.ts";

const config = defaultConfig({ hostname: () => "push-1" });

const settle = () => new Promise((resolve) => setTimeout(resolve));

/** What takes configurations when it is let. */
class Role implements Running {
  readonly taken: Config[] = [];
  #take: (() => void)[] = [];

  async reload(next: Config) {
    await new Promise<void>((resolve) => this.#take.push(resolve));
    this.taken.push(next);
    return { config: next, changed: ["api-key", "weight: 1 -> 2"], restart: ["id: a -> b"] };
  }

  async take(): Promise<void> {
    await settle();
    assert.equal(this.#take.length, 1, "one at a time");
    this.#take.shift()!();
    await settle();
  }

  async close(): Promise<void> {}
}

describe("Reloads", () => {
  let lines: string[] = [];
  const said = () => lines.splice(0);

  beforeEach(async () => {
    const out = ({ level, message }: LogRecord) => void lines.push(`${level} ${message.join("")}`);
    await configure({
      reset: true,
      sinks: { out },
      loggers: [
        { category: "halley", lowestLevel: "info", sinks: ["out"] },
        { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["out"] },
      ],
    });
    lines = [];
  });

  it("takes what is asked for one after the other, and once for all meanwhile", async () => {
    let weight = 0;
    const role = new Role();
    const reloads = new Reloads(() => ({ ...config, weight: ++weight }));
    reloads.started(role);
    for (let asked = 0; asked < 20; asked++) reloads.ask();
    await role.take();
    await role.take();
    assert.deepEqual(role.taken.map(({ weight }) => weight), [1, 2]);
    reloads.ask();
    await role.take();
    assert.equal(role.taken.length, 3);
    assert.deepEqual(said().slice(0, 2), [
      "info SIGHUP: api-key, weight: 1 -> 2",
      "warning SIGHUP: not before a restart: id: a -> b",
    ]);
  });

  it("waits for the start, and does nothing once it stops", async () => {
    const role = new Role();
    let loads = 0;
    const reloads = new Reloads(() => (loads++, config));
    reloads.ask();
    await settle();
    assert.equal(loads, 0);
    reloads.started(role);
    await role.take();
    assert.equal(role.taken.length, 1);
    reloads.stop();
    reloads.ask();
    await settle();
    assert.equal(loads, 1);
  });

  it("says all mistakes and goes on as before, and takes the next one that is right", async () => {
    const role = new Role();
    const failures = [new ConfigError(["weight: wrong", "zone: wrong"]), new Error("Cannot read")];
    const reloads = new Reloads(() => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return { ...config, logLevel: "warning" };
    });
    reloads.started(role);
    for (let asked = 0; asked < 2; asked++) {
      reloads.ask();
      await settle();
    }
    assert.deepEqual(said(), [
      "error SIGHUP: goes on as before: weight: wrong; zone: wrong",
      "error SIGHUP: goes on as before: Cannot read",
    ]);
    assert.deepEqual(role.taken, []);
    reloads.ask();
    await role.take();
    // The level holds by then.
    assert.deepEqual(said(), ["warning SIGHUP: not before a restart: id: a -> b"]);
  });
});
