import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import type { Child } from "../../platform/port.ts";
import { Supervisor } from "./supervisor.ts";

/** Processes that end when the test says so. */
class Processes {
  readonly clock = new ManualClock();
  started = 0;
  /** Whose ends were told. */
  readonly ended: number[] = [];
  lacksFiles = false;
  #ends: ((how: number | string) => void)[] = [];
  readonly supervisor = new Supervisor(1, {
    spawn: () => this.#spawn(),
    ended: (index) => void this.ended.push(index),
    clock: this.clock,
    prng: seededPrng(1),
  });

  async end(how: number | string): Promise<void> {
    this.#ends.pop()!(how);
    await promisesSettled();
  }

  #spawn(): Child {
    if (this.lacksFiles) throw new Error("Cannot start a process: too many open files\n  at x");
    this.started++;
    const ended = new Promise<number | string>((resolve) => this.#ends.push(resolve));
    return { pid: this.started, ended, kill: (signal) => void this.end(signal) };
  }
}

describe("Supervisor", () => {
  it("starts a worker that ended again, and stops it for good", async () => {
    const processes = new Processes();
    processes.supervisor.start();
    assert.deepEqual(processes.ended, []);
    await processes.end("SIGKILL");
    assert.deepEqual(processes.ended, [0]);
    processes.clock.advance(200);
    assert.equal(processes.started, 2);
    await processes.supervisor.stop();
    processes.clock.advance(60_000);
    assert.equal(processes.started, 2);
  });

  it("tries again when a worker cannot be started again", async () => {
    const processes = new Processes();
    processes.supervisor.start();
    processes.lacksFiles = true;
    await processes.end("SIGKILL");
    processes.clock.advance(60_000);
    assert.equal(processes.started, 1);
    processes.lacksFiles = false;
    processes.clock.advance(20_000);
    assert.equal(processes.started, 2);
    await processes.supervisor.stop();
    assert.equal(processes.clock.pending, 0);
  });

  it("says so when a worker cannot be started at all", () => {
    const processes = new Processes();
    processes.lacksFiles = true;
    assert.throws(() => processes.supervisor.start(), /too many open files/);
  });
});
