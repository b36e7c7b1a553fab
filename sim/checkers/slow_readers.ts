import type { Finding } from "../types.ts";

/** By how much the others' latency may grow; loopback is noisy. */
const GROWTH_MAX = 3;

/** What is never too slow: a busy machine alone holds a push up for so long, in milliseconds. */
const QUICK_MS = 100;

/** What was seen while some clients did not read. */
export interface SlowSeen {
  /** p99 of the others before and meanwhile, in milliseconds; undefined when nothing came. */
  readonly beforeMs: number | undefined;
  readonly meanwhileMs: number | undefined;
  /** Clients that did not read. */
  readonly slow: number;
  /** Pushes to them that were not accepted, so that their queues did not fill. */
  readonly refused: number;
}

/** Whether clients that do not read hold up the others. */
export function slowFinding({ beforeMs, meanwhileMs, slow, refused }: SlowSeen): Finding {
  const check = "slow readers hold up nobody";
  const words = (ms: number | undefined) => ms === undefined ? "nothing" : `${ms.toFixed(1)} ms`;
  const text = `p99 was ${words(beforeMs)} before and ${words(meanwhileMs)} meanwhile, ` +
    `with ${slow} that did not read` + (refused === 0 ? "" : `; ${refused} pushes to them failed`);
  const isQuick = beforeMs !== undefined && meanwhileMs !== undefined &&
    meanwhileMs <= Math.max(QUICK_MS, GROWTH_MAX * beforeMs);
  return { check, ok: isQuick && slow > 0 && refused === 0, text };
}
