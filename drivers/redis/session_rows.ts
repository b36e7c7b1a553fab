import { fnv1a } from "../../base/fnv.ts";
import type { ConnectionRef } from "../../protocol/cluster/connection.ts";

/**
 * Over how many hash slots the sessions spread. Those of one slot can be read by one script, so
 * that thousands of keys cost a few calls.
 */
export const SESSION_SLOTS = 64;

/** Sessions by what; the other stands in the value. */
export type Index = "key" | "mid";

/** A hash of sessions. */
export interface SessionHash {
  readonly slot: number;
  /** Its name in Redis. */
  readonly name: string;
}

/** A session as a hash has it, and its place among those of the same hash. */
export interface SessionRow {
  readonly rank: number;
  readonly session: ConnectionRef;
}

/** The hash that has the sessions of a key or a mid. */
export function hashOf(index: Index, value: string): SessionHash {
  const slot = fnv1a(value) % SESSION_SLOTS;
  return { slot, name: `halley:{s${slot}}:${index}:${escaped(value)}` };
}

/** The field of a session, the same in both of its hashes. */
export function fieldOf({ connectionId, server }: ConnectionRef): string {
  return `${connectionId}@${server}`;
}

/** What stands in the value beside rank and end. */
export function otherOf(index: Index, { key, mid }: ConnectionRef): string {
  return index === "key" ? String(mid) : JSON.stringify(key);
}

/** Reads a field and its value of a hash. */
export function parseRow(index: Index, of: string, field: string, value: string): SessionRow {
  const at = field.indexOf("@");
  const rankEnd = value.indexOf(" ");
  const other = value.slice(value.indexOf(" ", rankEnd + 1) + 1);
  return {
    rank: Number(value.slice(0, rankEnd)),
    session: {
      server: field.slice(at + 1),
      connectionId: Number(field.slice(0, at)),
      mid: BigInt(index === "key" ? other : of),
      key: index === "key" ? of : JSON.parse(other),
    },
  };
}

/** Lone surrogates have no UTF-8: they are kept apart as JSON does. */
function escaped(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
