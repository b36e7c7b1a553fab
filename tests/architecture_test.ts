import { describe, test } from "node:test";
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import * as docs from "./architecture/docs.ts";
import { longFiles, untestedFiles } from "./architecture/exceptions.ts";
import * as rules from "./architecture/rules.ts";
import { loadSources } from "./architecture/source.ts";
import { listFiles } from "./runner/files.ts";

function none(violations: readonly rules.Violation[]): void {
  if (violations.length > 0) assert.fail(`\n${violations.join("\n")}`);
}

// What is built is there, and is nobody's to read.
const built = ["client/dist/client.js", "demo/dist/demo.js"];
const paths = docs.withFolders([...await listFiles("", []), ...built]);
const sources = await loadSources([".ts", ".md", ".json", ".toml", ".html", ".js", ".css"]);

describe("the project's files", () => {
  test("import in one direction only", () => none(rules.importDirections(sources)));
  test("do not import in circles", () => none(rules.importCycles(sources)));
  test("run in browsers as far as client/ needs them", () => none(rules.browserCode(sources)));
  test("use the runtimes' globals under platform/ alone", () =>
    none(rules.runtimeGlobals(sources)));
  test("take time and randomness from a Clock and a Prng", () =>
    none(rules.timeAndRandomness(sources)));
  test("hold test support under tests/ alone", () => none(rules.testSupport(sources)));
  test("test the same in every run", () => none(rules.seeds(sources)));
  test("are no longer than the limit", () => none(rules.fileSizes(sources, longFiles)));
  test("have tests", () => none(rules.filesHaveTests(sources, untestedFiles)));
  test("speak of the project alone", () => none(rules.unwantedText(sources)));
  test("import the packages of package.json alone", async () => {
    none(rules.packages(sources, JSON.parse(await readFile("package.json", "utf8"))));
  });
});

describe("the project's documents", () => {
  test("name files and folders that exist", () => none(docs.namedFiles(sources, paths)));
  test("link to files and headings that exist", () => none(docs.links(sources, paths)));
  test("have every folder in their table", () => none(docs.folderTable(sources)));
  test("have every decision in their index", () => none(docs.decisionIndex(sources)));
  test("list the faults of goim that tests name", () => none(docs.faultReferences(sources)));
});
