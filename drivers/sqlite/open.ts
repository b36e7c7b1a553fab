import { LocalModeration } from "../memory/local_moderation.ts";
import { type Store, StoreCounters, type StoreDependencies } from "../store.ts";
import { closeDatabase, openDatabase } from "./database.ts";
import { SqliteBlocks, SqliteMutes } from "./mutes.ts";
import { SqlitePushLog } from "./push_log.ts";
import { SqliteWriter } from "./writer.ts";

/**
 * Opens the store in a data directory: `sqlite:` and its path. It keeps histories, publish ids,
 * mutes and blocks; pushes that are not yet delivered end with the process, and so do its clients.
 *
 * @throws {Error} When the directory cannot be used.
 */
export async function openSqlite(url: string, parts: StoreDependencies): Promise<Store> {
  const directory = url.slice("sqlite:".length);
  const database = openDatabase(directory, parts);
  const counters = new StoreCounters();
  const writer = new SqliteWriter(database, counters);
  const { clock, prng } = parts;
  let closed = false;
  return {
    counters,
    openPushLog: async (options) => new SqlitePushLog({ clock, prng, database, writer }, options),
    openModeration: async () => {
      const parts = { clock, database, writer };
      return new LocalModeration(clock, counters, new SqliteMutes(parts), new SqliteBlocks(parts));
    },
    problem: async () =>
      closed ? { kind: "away", reason: "the data directory is closed" } : writer.problem(),
    close: async () => {
      if (closed) return;
      closed = true;
      closeDatabase(database);
    },
  };
}
