import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Platform } from "../port.ts";

/** Registers what every implementation of `Process` must do. */
export function processContract(name: string, { process }: Platform): void {
  describe(`Process on ${name}`, () => {
    it("says what it runs in", () => {
      assert.match(process.runtime, /^(bun|deno) \d+\.\d+\.\d+|memory$/);
      assert(Array.isArray(process.args));
      assert(process.hostname().length > 0);
      assert(process.memoryBytes() >= 0);
      const filesMax = process.openFilesMax();
      assert(filesMax === undefined || filesMax > 0);
      assert.equal(process.mayConnect("hooks.example.com:443"), true, "tests may do all");
      assert.equal(process.env["HALLEY_NOT_SET_BY_ANYONE"], undefined);
    });
  });
}
