import type { StatementSync } from "node:sqlite";
import type { EndTimes } from "../memory/end_times.ts";
import type { Mutes } from "../memory/local_moderation.ts";
import { BLOCKS_MAX, MUTES_MAX } from "../moderation.ts";
import { type EndTimesDependencies, SqliteEndTimes } from "./end_times.ts";

/** Mutes that outlive the process. */
export class SqliteMutes implements Mutes {
  readonly #ends: SqliteEndTimes<readonly [mid: bigint, room: string]>;
  readonly #latest: StatementSync;

  constructor(parts: EndTimesDependencies, mutesMax: number = MUTES_MAX) {
    this.#ends = new SqliteEndTimes(parts, "mutes", ["mid", "room"], mutesMax, "mute");
    this.#latest = parts.database.prepare(
      "SELECT max(end_ms) AS end_ms FROM mutes WHERE mid = ? AND room IN ('', ?)",
    );
  }

  endMs(mid: bigint, room: string): number {
    return Number(this.#latest.get(mid, room)!.end_ms ?? 0);
  }

  set(mid: bigint, room: string, endMs: number): void {
    this.#ends.set([mid, room], endMs);
  }

  delete(mid: bigint, room: string): boolean {
    return this.#ends.delete([mid, room]);
  }
}

/** Blocks that outlive the process. */
export class SqliteBlocks implements EndTimes {
  readonly #ends: SqliteEndTimes<readonly [who: string]>;
  readonly #end: StatementSync;

  constructor(parts: EndTimesDependencies, blocksMax: number = BLOCKS_MAX) {
    this.#ends = new SqliteEndTimes(parts, "blocks", ["who"], blocksMax, "block");
    this.#end = parts.database.prepare("SELECT end_ms FROM blocks WHERE who = ?");
  }

  endMs(who: string): number {
    return Number(this.#end.get(who)?.end_ms ?? 0);
  }

  set(who: string, endMs: number): void {
    this.#ends.set([who], endMs);
  }

  delete(who: string): boolean {
    return this.#ends.delete([who]);
  }
}
