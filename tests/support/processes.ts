import { readdir, readFile } from "node:fs/promises";

/** Bytes of a page of memory, as `/proc` counts them. */
const PAGE_BYTES = 4_096;

/** A process as `/proc` has it, or undefined when it is gone. */
async function stat(pid: number): Promise<{ state: string; parent: number } | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, "utf8");
    // The name of the program, in brackets, may hold anything.
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}

/** Whether a process runs; one that has ended and that nobody has asked about does not. */
export async function isRunning(pid: number): Promise<boolean> {
  const found = await stat(pid);
  return found !== undefined && found.state !== "Z" && found.state !== "X";
}

/** The processes that a process has started and that run. */
export async function childrenOf(parent: number): Promise<number[]> {
  const pids = (await readdir("/proc")).map(Number).filter((pid) => pid > 0);
  const children: number[] = [];
  for (const pid of pids) {
    if ((await stat(pid))?.parent === parent && await isRunning(pid)) children.push(pid);
  }
  return children.sort((a, b) => a - b);
}

/** Bytes of memory that a process holds, or undefined when it is gone. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    const statm = await readFile(`/proc/${pid}/statm`, "utf8");
    return Number(statm.split(" ")[1]) * PAGE_BYTES;
  } catch {
    return undefined;
  }
}
