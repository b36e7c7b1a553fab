import process from "node:process";
import type { Clock } from "../base/clock.ts";

/** How often it is looked whether the parent process is there, in milliseconds. */
const LOOK_MS = 500;

/** Settles when the process that started this one has gone, however it ended. */
export function parentGone(pid: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const looks = clock.setInterval(() => {
      if (process.ppid === pid) return;
      clock.cancel(looks);
      resolve();
    }, LOOK_MS);
  });
}
