import type { CloseCode } from "../../protocol/close_codes.ts";

/** Why a connection is turned away, and when it may come back. */
export interface Refusal {
  readonly close: CloseCode;
  /** What HTTP calls it: 503 for what is the server's, 429 for what is the client's. */
  readonly status: 429 | 503;
  /** In milliseconds. */
  readonly retryMs: number;
}
