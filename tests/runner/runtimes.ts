import { run } from "./child.ts";

/** The runtimes that every test must pass on, with the versions fetched where one is missing. */
export const runtimeVersions = { deno: "2.9.6", bun: "1.4.5" } as const;

/** One of the two. */
export type RuntimeName = keyof typeof runtimeVersions;

/** A runtime that is there. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly version: string;
  /** Its executable. */
  readonly path: string;
}

/** The Node that the client needs, which has WebSocket: from `major` on, else this one. */
const nodeVersions = { major: 22, pinned: "22.23.3" } as const;

const whoAreYou = `console.log(process.execPath + " " + ` +
  `(process.versions.bun ?? process.versions.deno ?? process.versions.node))`;

/** Who a command is, by its last line; nothing when it does not run. */
async function ask(
  command: string,
  args: readonly string[],
): Promise<{ readonly path: string; readonly version: string } | undefined> {
  const { code, output } = await run(command, args);
  const [path, version] = output.trim().split("\n").at(-1)!.split(" ");
  return code === 0 && version !== undefined ? { path, version } : undefined;
}

/** The runtime that this program runs on. */
export function currentRuntime(): Runtime {
  const { bun, deno } = process.versions;
  const name = bun === undefined ? "deno" : "bun";
  return { name, version: (bun ?? deno)!, path: process.execPath };
}

/**
 * Finds a runtime: this process's own, the one on the PATH, or the pinned one through npx.
 *
 * @throws {Error} When there is none and none can be fetched; one line that says what to install.
 */
export async function findRuntime(name: RuntimeName): Promise<Runtime> {
  const current = currentRuntime();
  if (current.name === name) return current;
  const pinned = runtimeVersions[name];
  const evaluate = name === "deno" ? ["eval", whoAreYou] : ["-e", whoAreYou];
  for (const [command, ...args] of [[name], ["npx", "-y", `${name}@${pinned}`]]) {
    const found = await ask(command, [...args, ...evaluate]);
    if (found !== undefined) return { name, ...found };
  }
  throw new Error(
    `Cannot run the tests on ${name}: it is not on the PATH and "npx -y ${name}@${pinned}" ` +
      `failed; install it with "npm install -g ${name}@${pinned}"`,
  );
}

/**
 * Finds a Node that has WebSocket: the one on the PATH, or the pinned one through npx.
 *
 * @returns Its executable.
 * @throws {Error} When there is none and none can be fetched.
 */
export async function findNode(): Promise<string> {
  const { major, pinned } = nodeVersions;
  const own = await ask("node", ["-e", whoAreYou]);
  if (own !== undefined && parseInt(own.version) >= major) return own.path;
  const fetched = await ask("npx", ["-y", `node@${pinned}`, "-e", whoAreYou]);
  if (fetched !== undefined) return fetched.path;
  throw new Error(`Cannot run the tests on Node ${major}: "npx -y node@${pinned}" failed`);
}
