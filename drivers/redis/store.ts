import { assert } from "../../base/assert.ts";
import type { StoreCounters } from "../store.ts";

const decoder = new TextDecoder();

/** What a script takes beside its keys. */
export type Argument = string | Uint8Array;

/** What a script answers; text comes as its bytes in UTF-8. */
export type Reply = null | number | Uint8Array | readonly Reply[];

/** A Lua script, sent by its hash where the server has it already. */
export interface Script {
  /** What errors call it. */
  readonly name: string;
  readonly source: string;
  /**
   * Whether a full Redis is to refuse it. Redis looks only at the first write of a script, so all
   * others begin with one that takes no memory: what is there is kept alive and got rid of.
   */
  readonly needsRoom?: boolean;
}

/**
 * What the drivers need of Redis, over TCP or REST: everything they do is a script on keys of one
 * hash slot, so that each step is atomic and works on a Redis Cluster.
 */
export interface RedisStore {
  /**
   * Whether bytes must be stored as base64, since only text gets through.
   */
  readonly base64: boolean;
  /**
   * Whether a script may be run twice by one call, or long after a call that failed: what lies
   * between sends requests again, and has no order.
   */
  readonly mayRepeat: boolean;
  /** What it counts; interruptions are also for those who measure silence. */
  readonly counters: StoreCounters;
  /**
   * Runs a script.
   *
   * @param keys All of one hash slot; the script names no others.
   * @throws {StoreUnavailable} When Redis is away or did not answer in time; it may have run all
   * the same.
   * @throws {StoreRefused} When Redis does not write now.
   * @throws {Error} When it failed.
   */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply>;
  /**
   * Waits until a stream may have an entry after an id, an interruption or the end of the wait.
   * One wait at a time for each stream.
   */
  waitForEntry(stream: string, afterId: string, waitMs: number): Promise<void>;
  /** Ends the waits that are under way. */
  endWaits(): void;
  /** Ends every wait and every connection. */
  close(): Promise<void>;
}

/** The text of a reply that is one. */
export function textOf(reply: Reply): string {
  assert(reply instanceof Uint8Array, "a script answered text");
  return decoder.decode(reply);
}

/** The parts of a reply that has some. */
export function partsOf(reply: Reply): readonly Reply[] {
  assert(Array.isArray(reply), "a script answered a list");
  return reply;
}

/** Fields and values of a reply that lists them in turn. */
export function fieldsOf(reply: Reply): readonly (readonly [field: string, value: string])[] {
  const parts = partsOf(reply);
  const fields: [string, string][] = [];
  for (let index = 0; index < parts.length; index += 2) {
    fields.push([textOf(parts[index]), textOf(parts[index + 1])]);
  }
  return fields;
}
