import { posix } from "node:path";
import type { Violation } from "./rules.ts";
import { lineAt, type Source } from "./source.ts";

/** What the documents are checked against: files of the project, and folders by the same form. */
export type Paths = ReadonlySet<string>;

/** The paths of files, and of the folders that they are in. */
export function withFolders(files: readonly string[]): Paths {
  const paths = new Set(files);
  for (const file of files) {
    for (let at = file.lastIndexOf("/"); at > 0; at = file.lastIndexOf("/", at - 1)) {
      paths.add(file.slice(0, at));
    }
  }
  return paths;
}

/** Documents that tell how the tree is; the changelog tells how it was, too. */
export function isDocument(path: string): boolean {
  return path.endsWith(".md") && path !== "CHANGELOG.md";
}

/** A path is written with a folder of the project in front. */
const namedPath = /(?<![\w./:~-])[a-z]+\/[\w./*-]*\w(?:\/(?=`))?/g;

/** Files and folders that documents name are there; `*` stands for any. */
export function namedFiles(sources: readonly Source[], paths: Paths): Violation[] {
  const violations: Violation[] = [];
  for (const { path, text } of sources) {
    if (!isDocument(path)) continue;
    for (const { 0: found, index } of text.matchAll(namedPath)) {
      const named = found.replace(/\/$/, "");
      const isQuoted = text[index - 1] === "`" && text[index + found.length] === "`";
      const isFile = /\.(?:ts|md|toml|json|svg)$/.test(named);
      if (!paths.has(named.split("/")[0]) || !(isQuoted || isFile)) continue;
      if (named.includes("*") || paths.has(named) || paths.has(`${named}.ts`)) continue;
      violations.push(`${path}:${lineAt(text, index)}: there is no ${named}`);
    }
  }
  return violations;
}

/** The anchors of a document's headings, as GitHub makes them. */
function anchors(text: string): Set<string> {
  const found = new Set<string>();
  for (const [, heading] of text.matchAll(/^#+ (.*)$/gm)) {
    found.add(heading.toLowerCase().replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-"));
  }
  return found;
}

/** Links within the project lead to a file, and to a heading in it. */
export function links(sources: readonly Source[], paths: Paths): Violation[] {
  const texts = new Map(sources.map(({ path, text }) => [path, text]));
  const violations: Violation[] = [];
  for (const { path, text } of sources) {
    if (!path.endsWith(".md")) continue;
    for (const { 1: link, index } of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [file, anchor] = link.split("#");
      const target = file === "" ? path : posix.join(posix.dirname(path), file).replace(/\/$/, "");
      const isThere = paths.has(target) &&
        (anchor === undefined || anchors(texts.get(target) ?? "").has(anchor));
      if (!isThere) violations.push(`${path}:${lineAt(text, index)}: ${link} leads nowhere`);
    }
  }
  return violations;
}

const architecture = "docs/architecture.md";

/** Every folder with code stands in the table of folders. */
export function folderTable(sources: readonly Source[]): Violation[] {
  const page = sources.find(({ path }) => path === architecture)?.text ?? "";
  const code = sources.filter(({ path }) => /^\w+\/.*\.ts$/.test(path));
  return [...new Set(code.map(({ path }) => path.split("/")[0]))]
    .filter((folder) => !page.includes(`\n| \`${folder}/\` `))
    .map((folder) => `${architecture}:1: ${folder}/ is not in the table of folders`);
}

const decisionsIndex = "docs/decisions/README.md";

/** Every decision stands in the index, under its own number and title. */
export function decisionIndex(sources: readonly Source[]): Violation[] {
  const index = sources.find(({ path }) => path === decisionsIndex)?.text ?? "";
  const violations: Violation[] = [];
  for (const { path, text } of sources) {
    const named = /^docs\/decisions\/(\d{4})-[\w-]+\.md$/.exec(path);
    if (named === null) continue;
    const heading = /^# (\d+)\. (.+)$/m.exec(text);
    if (heading === null || Number(heading[1]) !== Number(named[1])) {
      violations.push(`${path}:1: the heading is not "# ${Number(named[1])}. Title"`);
    } else if (!index.includes(`[${heading[2]}](${posix.basename(path)})`)) {
      violations.push(`${path}:1: [${heading[2]}](…) is not in ${decisionsIndex}`);
    }
  }
  return violations;
}

const goimFaults = "docs/goim_faults.md";

/** Tests that name a fault of goim stand under its number in the list, and each fault has one. */
export function faultReferences(sources: readonly Source[]): Violation[] {
  const page = sources.find(({ path }) => path === goimFaults)?.text ?? "";
  const items = new Map<string, string>();
  for (const [item, number] of page.matchAll(/^(\d+)\. [^]*?(?=^\d+\. |(?![^]))/gm)) {
    items.set(number, item);
  }
  const tested = new Set<string>();
  const violations: Violation[] = [];
  for (const { path, text } of sources) {
    if (!path.endsWith(".ts") || path.startsWith("tests/architecture/")) continue;
    for (const { 1: number, index } of text.matchAll(/\bgoim fault (\d+)/g)) {
      tested.add(number);
      if (items.get(number)?.includes(`\`${path}\``)) continue;
      violations.push(`${path}:${lineAt(text, index)}: not under fault ${number} in ${goimFaults}`);
    }
  }
  for (const number of items.keys()) {
    if (!tested.has(number)) violations.push(`${goimFaults}:1: no test names fault ${number}`);
  }
  return violations;
}
