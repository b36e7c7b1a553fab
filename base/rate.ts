/** How often something may be done over time. */
export interface Rate {
  /** How many times a second; 0 for any number. */
  readonly perSecond: number;
  /** How many times at once after a pause, at least 1. */
  readonly burst: number;
}

/**
 * How long it is until something may be done that has a rate, by the generic cell rate algorithm:
 * each time takes its share of the time, ahead of which one may be by a burst. What is refused
 * takes nothing.
 *
 * @param usedUntilMs Up to when the rate is used: 0 at first, then what `used` gave.
 * @returns 0 when it may be done now, or else when it may, in milliseconds from now.
 */
export function waitMs({ perSecond, burst }: Rate, usedUntilMs: number, nowMs: number): number {
  if (perSecond === 0) return 0;
  const earlyMs = usedUntilMs - nowMs - (burst - 1) * 1_000 / perSecond;
  return earlyMs > 0 ? Math.ceil(earlyMs) : 0;
}

/** Up to when a rate is used after one more time. */
export function used({ perSecond }: Rate, usedUntilMs: number, nowMs: number): number {
  return perSecond === 0 ? 0 : Math.max(usedUntilMs, nowMs) + 1_000 / perSecond;
}
