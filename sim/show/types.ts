/** What became of the messages of clients in a show. */

/** Messages of clients that the server has taken, of one epoch of a room. */
export interface AcceptedMessages {
  readonly room: number;
  readonly epoch: string;
  /** The number of each, its offset by the answer, and when it was sent, since the Unix epoch. */
  readonly numbers: readonly number[];
  readonly offsets: readonly number[];
  readonly sentMs: readonly number[];
}

/** What became of the messages that clients have sent. */
export interface Published {
  readonly sent: number;
  readonly accepted: readonly AcceptedMessages[];
  /** Numbers of those that were refused: nobody may get them. */
  readonly refused: readonly number[];
  /** Why, and how many; a reason may be there more than once. */
  readonly reasons: readonly (readonly [reason: string, count: number])[];
  /** Those that failed, which a client may get or not, and those that were never answered. */
  readonly failed: number;
  readonly unanswered: number;
  /** What failures said, the first few. */
  readonly failures: readonly string[];
}

/** What those that got messages of clients say of them. */
export interface PublishedTotals {
  /** Those that were taken, where another message has come at their offset. */
  readonly misplaced: number;
  /** Those that were refused, and came. */
  readonly slipped: number;
  /** Those that came at two offsets. */
  readonly doubled: number;
  /** The first few failures, in words. */
  readonly failures: readonly string[];
}

/** What a report says of the messages of clients. */
export interface MessageTotals extends Pick<Published, "sent" | "reasons"> {
  readonly taken: number;
  readonly takenPerS: number;
  readonly refused: number;
}
