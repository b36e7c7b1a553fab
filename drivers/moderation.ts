import type { Blocked } from "../protocol/cluster/connection.ts";

export type { Blocked };

/** Most mutes that a store keeps at once. */
export const MUTES_MAX = 100_000;

/** Most blocks that a store keeps at once. */
export const BLOCKS_MAX = 100_000;

/** Whom a block keeps out, as text: `m` and the mid, or `k` and the key. */
export function blockedText(who: Blocked): string {
  return "mid" in who ? `m${who.mid}` : `k${who.key}`;
}

/** A client's message to a room, as far as it matters whether it may be said. */
export interface ClientMessage {
  /** Who says it: `m` and the mid, or for nobody's mid `k` and the connection's key. */
  readonly sender: string;
  /** Room key. */
  readonly room: string;
  /** Tells its text from others. */
  readonly digest: string;
  /** Names it among the sender's messages to the room, where it may be said again after a fault. */
  readonly publishId?: string;
}

/** What a client's message is held to. */
export interface AdmissionRules {
  /** Messages a second of one sender to all rooms, over all comets; may be a fraction, 0 for any. */
  readonly perSecondMax: number;
  /** How many of these may come at once after silence. */
  readonly burst: number;
  /** How long a sender waits from one message to the room to the next, in milliseconds; 0 for not. */
  readonly slowModeMs: number;
  /** How long a sender may not say the same to the room again, in milliseconds; 0 for not. */
  readonly duplicateWindowMs: number;
}

/** Whether a message may be said; if not, why, and after how many milliseconds it may be. */
export type Admission =
  | { readonly admitted: true }
  | {
    readonly admitted: false;
    readonly reason: "muted" | "duplicate" | "slow-mode" | "rate";
    readonly retryMs: number;
  };

/** What every store of moderation promises. */
export type ModerationPromise =
  /** A mid that is muted in a room, or everywhere, is not admitted there until its time is over. */
  | "muted"
  /** Who is blocked, by mid or by key, is known until the time is over, whoever asks. */
  | "blocked"
  /** A sender says so many messages a second, so many at once, and keeps the pause of the room. */
  | "paced"
  /** A sender does not say the same to a room twice within the window. */
  | "no-duplicates"
  /** A message that was admitted is admitted under its id again, for five minutes, uncounted. */
  | "once"
  /** What is not admitted counts nowhere; senders do not touch each other; many at once count all. */
  | "exact";

/** Who may come in and who may say something now, over all logics. */
export interface Moderation {
  /**
   * Decides on a message in one step: a mute first; then one whose id was admitted is admitted again;
   * then duplicates, the pause of the room, the rate. What is admitted counts.
   */
  admit(message: ClientMessage, rules: AdmissionRules): Promise<Admission>;
  /**
   * Mutes a user for a time, in place of an earlier mute in the same place.
   *
   * @param room Room key; empty for everywhere.
   * @param forMs How long, in milliseconds.
   * @throws {ModerationFull} When there are too many.
   */
  mute(mid: bigint, room: string, forMs: number): Promise<void>;
  /**
   * Ends a mute in the same place; others stay.
   *
   * @returns Whether there was one.
   */
  unmute(mid: bigint, room: string): Promise<boolean>;
  /**
   * Keeps a user, or whoever has a key, out for a time, in place of an earlier block of the same.
   *
   * @param forMs How long, in milliseconds.
   * @throws {ModerationFull} When there are too many.
   */
  block(who: Blocked, forMs: number): Promise<void>;
  /**
   * Ends a block.
   *
   * @returns Whether there was one.
   */
  unblock(who: Blocked): Promise<boolean>;
  /** For how long a connection is blocked yet, by its mid or by its key, in milliseconds; 0 for not. */
  blockedMs(mid: bigint, key: string): Promise<number>;
}
