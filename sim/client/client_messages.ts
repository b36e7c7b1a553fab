/** A message that has no answer yet. */
export interface PendingMessage {
  readonly number: number;
  readonly frame: Uint8Array;
  /** When it was sent first, in milliseconds since the Unix epoch. */
  readonly sentMs: number;
  /** When it was sent last; monotonic. */
  askedMs: number;
  tries: number;
}

/** What one client has written. */
export class ClientMessages {
  count = 0;
  /** What is not answered, by the sequence of its frame. */
  readonly pending = new Map<number, PendingMessage>();

  /** Whether one was sent at some time or before. */
  waitsSince(atMs: number): boolean {
    for (const { askedMs } of this.pending.values()) if (askedMs <= atMs) return true;
    return false;
  }
}
