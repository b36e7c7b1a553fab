import type { DatabaseSync } from "node:sqlite";
import type { Clock } from "../../base/clock.ts";
import type { Mutes } from "../memory/local_moderation.ts";
import { tooManyMutes } from "../memory/mutes.ts";
import { MUTES_MAX } from "../moderation.ts";
import type { SqliteWriter } from "./writer.ts";

/** What {@linkcode SqliteMutes} are made of. */
export interface SqliteMutesDependencies {
  readonly clock: Pick<Clock, "wallMs">;
  readonly database: DatabaseSync;
  readonly writer: SqliteWriter;
}

/** Mutes that outlive the process. */
export class SqliteMutes implements Mutes {
  readonly #statements: ReturnType<typeof prepare>;

  constructor(
    private readonly parts: SqliteMutesDependencies,
    private readonly mutesMax: number = MUTES_MAX,
  ) {
    this.#statements = prepare(parts.database);
  }

  endMs(mid: bigint, room: string): number {
    return Number(this.#statements.latest.get(mid, room)!.end_ms ?? 0);
  }

  set(mid: bigint, room: string, endMs: number): void {
    const { expire, put, count } = this.#statements;
    this.parts.writer.write("mute", () => {
      expire.run(this.parts.clock.wallMs());
      put.run(mid, room, endMs);
      if (Number(count.get()!.count) > this.mutesMax) throw tooManyMutes(this.mutesMax);
    });
  }

  delete(mid: bigint, room: string): boolean {
    const { expire, remove } = this.#statements;
    return this.parts.writer.write("unmute", () => {
      expire.run(this.parts.clock.wallMs());
      return Number(remove.run(mid, room).changes) > 0;
    });
  }
}

function prepare(database: DatabaseSync) {
  return {
    latest: database.prepare(
      "SELECT max(end_ms) AS end_ms FROM mutes WHERE mid = ? AND room IN ('', ?)",
    ),
    put: database.prepare("REPLACE INTO mutes VALUES (?, ?, ?)"),
    count: database.prepare("SELECT count(*) AS count FROM mutes"),
    expire: database.prepare("DELETE FROM mutes WHERE end_ms <= ?"),
    remove: database.prepare("DELETE FROM mutes WHERE mid = ? AND room = ?"),
  };
}
