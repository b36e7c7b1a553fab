/**
 * The delivery probe. Again and again a comet asks a logic to push to a room of the comet's own, and
 * sees whether the push comes back: through the store, a job and its own fan-out. What it has seen,
 * it tells all logics. No client is told anything of it, nor counted: the room has no members and
 * keeps no history.
 */
import { boolean, int32, integer, Message, text } from "../message.ts";

/** How old the latest push that came back may be, in milliseconds, counted from when it was asked for. */
export const PROBE_AGE_MS_MAX = 10_000;

/** What a comet asks, and what it has seen so far. */
export interface ProbeRequest {
  /** This run of the comet. */
  readonly server: string;
  /** Partition of the push log, modulo how many there are. */
  readonly partition: number;
  /** When it asks, on the comet's own clock: what the push brings back. */
  readonly sentMs: number;
  /** How long ago the latest push that has come back was asked for, in milliseconds. */
  readonly ageMs: number | undefined;
  /** Whether to push, and not only to take note. */
  readonly pushes: boolean;
}

/** What logic has done. */
export interface ProbeReply {
  /** Whether the store has the push. */
  readonly stored: boolean;
  /** Partitions of the push log. */
  readonly partitions: number;
}

export const probeRequestMessage = new Message<ProbeRequest>({
  server: [1, text],
  partition: [2, int32, 0],
  sentMs: [3, integer, 0],
  ageMs: [4, integer, undefined],
  pushes: [5, boolean, true],
});

export const probeReplyMessage = new Message<ProbeReply>({
  stored: [1, boolean, false],
  partitions: [2, int32, 1],
});

/** What no room of clients begins with: its type would be empty. */
const PREFIX = "://";

/** The room of a comet's own. */
export function probeRoom(server: string): string {
  return PREFIX + server;
}

/** Whether a room is one that comets watch, and no client is in. */
export function isProbeRoom(room: string): boolean {
  return room.startsWith(PREFIX);
}

/** The body of a push that brings a time back. */
export function probeBody(sentMs: number): Uint8Array {
  const body = new Uint8Array(8);
  new DataView(body.buffer).setFloat64(0, sentMs);
  return body;
}

/** What the latest of such pushes has brought back; NaN where it is none. */
export function sentMsOf({ buffer, byteOffset, byteLength }: Uint8Array): number {
  if (byteLength < 8) return NaN;
  return new DataView(buffer, byteOffset, byteLength).getFloat64(byteLength - 8);
}
