/**
 * The store cannot be reached, or did not answer in time: what was asked may have been done or not,
 * and asking again later may go well.
 *
 * ```ts
 * import { StoreUnavailable } from "./mod.ts";
 *
 * const mayBeDone = (error: unknown) => error instanceof StoreUnavailable;
 * console.log(mayBeDone(new StoreUnavailable("Redis is away")));
 * ```
 */
export class StoreUnavailable extends Error {
  override readonly name: string = "StoreUnavailable";
}

/** The store is there but full, or may not write: nothing was done, and later may go well. */
export class StoreRefused extends StoreUnavailable {
  override readonly name = "StoreRefused";
}

/** As many users are muted, or blocked, as may be; nothing was done. */
export class ModerationFull extends StoreUnavailable {
  override readonly name = "ModerationFull";
}

/**
 * The log has no room; nothing was stored.
 *
 * ```ts
 * import { PushLogFull } from "./mod.ts";
 *
 * const isBusy = (error: unknown) => error instanceof PushLogFull;
 * console.log(isBusy(new PushLogFull("push log is full")));
 * ```
 */
export class PushLogFull extends Error {
  override readonly name = "PushLogFull";
}
