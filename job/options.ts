import { assert } from "../base/assert.ts";
import type { BackoffOptions } from "../base/backoff.ts";
import { Limits } from "../protocol/limits.ts";

/** What may be decided about a job. */
export interface JobOptions {
  /**
   * Bytes that one comet may have waiting; one push may go beyond. Less than what a partition of
   * the push log holds, or a stuck comet fills the log before it is found to be slow.
   */
  readonly laneBytesMax: number;
  /** How long a full lane waits for its comet before it sheds, in milliseconds. */
  readonly stallMsMax: number;
  /** How long a stop waits for what is on its way to the comets, in milliseconds. */
  readonly stopMsMax: number;
}

/** Options that hold where none are given. */
export const jobDefaults: JobOptions = {
  laneBytesMax: 8 * 1024 * 1024,
  stallMsMax: 1_000,
  stopMsMax: 5_000,
};

/**
 * Bytes after which a batch takes no more. An acknowledgement is the only sign that a comet gets
 * on, so a batch has to be small enough for a busy comet to write well within the stall limit.
 */
export const BATCH_BYTES_MAX = 256 * 1024;

/** What a push costs beside its frame, in bytes: so that small ones are bounded as well. */
export const PUSH_OVERHEAD_BYTES = 256;

/** How long a partition that goes to another job may wait for its last pushes, in milliseconds. */
export const HANDOVER_MS = 5_000;

/** Most entries taken from the log at once. */
export const ENTRIES_PER_READ = 256;

/** Entries done with that may wait to be acknowledged in the log; then no more are read. */
export const ACKS_MAX = 4_096;

/**
 * Rooms with a log of which a comet is told one by one that it misses pushes; where there are more,
 * it is told to look after all.
 */
export const MISSED_ROOMS_MAX = 4_096;

/** How often lanes are looked at for comets that left or stall, in milliseconds. */
export const SWEEP_MS = 100;

/** Waits between tries, of comets and of the log. */
export const retryBackoff: BackoffOptions = { baseMs: 50, maxMs: 2_000, factor: 2, jitter: 0.3 };

assert(
  Limits.pushBodyBytesMax < BATCH_BYTES_MAX && BATCH_BYTES_MAX < jobDefaults.laneBytesMax,
  "a batch has room for the largest push, and a lane for several batches",
);
