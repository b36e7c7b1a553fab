import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MemoryProcess, ProcessExit } from "./process.ts";

describe("MemoryProcess", () => {
  it("has what it was started with", () => {
    const process = new MemoryProcess({ args: ["start"], env: { A: "1" }, openFilesMax: 64 });
    assert.deepEqual(process.args, ["start"]);
    assert.equal(process.env["A"], "1");
    assert.equal(process.openFilesMax(), 64);
  });

  it("tells everyone of a signal, each time", () => {
    const process = new MemoryProcess({});
    const signals: string[] = [];
    process.onSignal("SIGTERM", () => void signals.push("first"));
    process.onSignal("SIGTERM", () => void signals.push("second"));
    process.onSignal("SIGHUP", () => void signals.push("other"));
    process.signal("SIGTERM");
    process.signal("SIGTERM");
    process.signal("SIGINT");
    assert.deepEqual(signals, ["first", "second", "first", "second"]);
  });

  it("exit() throws the code", () => {
    assert.throws(
      () => new MemoryProcess({}).exit(2),
      (error) => error instanceof ProcessExit && error.code === 2,
    );
  });
});
