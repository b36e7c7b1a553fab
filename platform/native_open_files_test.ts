import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import process from "node:process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const script = fileURLToPath(new URL("./contract/open_files_child.ts", import.meta.url));

/** By what it may read the limit: Bun may do everything. */
const leave: Readonly<Record<string, readonly string[]>> = {
  "every permission": ["-A"],
  "those of a server": ["-P=server"],
  "those of a role in a cluster": ["-P=cluster"],
};

describe("Process.openFilesMax()", () => {
  for (const [name, flags] of Object.entries(leave)) {
    it(`knows the real limit with ${name}`, async () => {
      const runtimeArgs = "bun" in process.versions ? [] : ["run", "--no-check", ...flags];
      const limited = `ulimit -n 2345; exec "$0" "$@"`;
      const args = ["-c", limited, process.execPath, ...runtimeArgs, script];
      const { stdout } = await promisify(execFile)("sh", args);
      assert.equal(stdout, "2345\n");
    });
  }
});
