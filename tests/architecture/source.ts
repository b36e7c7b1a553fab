import { readFile } from "node:fs/promises";
import { posix } from "node:path";
import { listFiles } from "../runner/files.ts";
import { maskSource } from "./mask.ts";

/** One import or re-export, of types too. */
export interface Import {
  /** As written. */
  readonly specifier: string;
  /** The file from the project's root, or undefined for a package or a built-in. */
  readonly target: string | undefined;
  readonly line: number;
}

/** A file of the project. */
export interface Source {
  /** From the project's root. */
  readonly path: string;
  readonly text: string;
  /** The text without comments and without what stands in quotes. */
  readonly code: string;
  readonly imports: readonly Import[];
}

/** The line of an offset, from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

const importPattern = /\b(?:from|import|import\s*\()\s*(?:"( *)"|'( *)')/g;

/** Reads a source file; only `.ts` files have code and imports. */
export function parseSource(path: string, text: string): Source {
  if (!path.endsWith(".ts")) return { path, text, code: "", imports: [] };
  const code = maskSource(text);
  const imports: Import[] = [];
  for (const found of code.matchAll(importPattern)) {
    const length = (found[1] ?? found[2]).length;
    const end = found.index + found[0].length - 1;
    const specifier = text.slice(end - length, end);
    const target = specifier.startsWith(".")
      ? posix.normalize(posix.join(posix.dirname(path), specifier))
      : undefined;
    imports.push({ specifier, target, line: lineAt(text, found.index) });
  }
  return { path, text, code, imports };
}

/** Reads every text file of the project whose name ends in one of these ways. */
export async function loadSources(endings: readonly string[]): Promise<Source[]> {
  const paths = new Set<string>();
  for (const ending of endings) {
    for (const path of await listFiles(ending, [])) paths.add(path);
  }
  return await Promise.all(
    [...paths].sort().map(async (path) => parseSource(path, await readFile(path, "utf8"))),
  );
}
