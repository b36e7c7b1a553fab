import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import type { Nodes, SessionAdded, SessionLimits, Sessions } from "../ports.ts";
import {
  fieldOf,
  hashOf,
  type Index,
  otherOf,
  parseRow,
  type SessionHash,
  type SessionRow,
} from "./session_rows.ts";
import {
  ADD_SESSION,
  FIND_SESSIONS,
  HAS_SESSION,
  REMOVE_SESSIONS,
  RENEW_SESSIONS,
} from "./session_scripts.ts";
import { fieldsOf, partsOf, type RedisStore } from "./store.ts";

/** How long a session lives after it was last renewed, in milliseconds. */
const SESSION_MS = 30 * 60_000;

/** Hashes that one script goes through, so that it does not hold Redis up for long. */
const HASHES_MAX = 500;

/** A session in one of its hashes. */
interface Entry {
  readonly hash: SessionHash;
  readonly session: ConnectionRef;
  readonly index: Index;
}

/**
 * Who is connected where, in Redis, for any number of logics. Sessions of a run that is not
 * registered are ignored; they are forgotten once another run has its name, or when they expire.
 * The mid 0 is nobody: it has no limit and is not found.
 */
export class RedisSessions implements Sessions {
  /** The latest addition under way for each mid. */
  readonly #adding = new Map<bigint, Promise<SessionAdded>>();
  #pruning = false;

  /**
   * @param nodes Says which runs are alive.
   * @param sessionMs How long a session lives after it was last renewed, in milliseconds.
   */
  constructor(
    private readonly store: RedisStore,
    private readonly nodes: Pick<Nodes, "runs">,
    private readonly sessionMs = SESSION_MS,
  ) {}

  /**
   * Atomic for the key and for the mid, one after the other: they may be on two servers. Those of
   * one mid take turns, since two at the same time might make room by each other.
   */
  async add(session: ConnectionRef, limits: SessionLimits): Promise<SessionAdded> {
    const { mid } = session;
    if (mid === 0n) {
      const evicted = await this.#enter("key", session, limits);
      return evicted === undefined ? { added: false } : { added: true, evicted };
    }
    const before = this.#adding.get(mid) ?? Promise.resolve();
    const adding = before.catch(() => {}).then(() => this.#add(session, limits));
    this.#adding.set(mid, adding);
    try {
      return await adding;
    } finally {
      if (this.#adding.get(mid) === adding) this.#adding.delete(mid);
    }
  }

  async remove(session: ConnectionRef): Promise<boolean> {
    const removed = await this.#remove(entriesOf(session, "key"));
    await this.#remove(entriesOf(session, "mid"));
    return removed > 0;
  }

  async renew(sessions: readonly ConnectionRef[]): Promise<void> {
    let runs = await this.nodes.runs();
    // A run that has just registered anew is not in a view from before.
    if (sessions.some(({ server }) => !runs.isAlive(server))) runs = await this.nodes.runs(0);
    const entries = sessions.filter(({ server }) => runs.isAlive(server)).flatMap((session) => [
      ...entriesOf(session, "key"),
      ...entriesOf(session, "mid"),
    ]);
    // One script after the other: nobody waits for this, and others wait for Redis.
    for (const batch of batchesOf(entries)) {
      const args = batch.flatMap(({ index, session }) => [
        fieldOf(session),
        otherOf(index, session),
      ]);
      await this.store.run(RENEW_SESSIONS, namesOf(batch), [String(this.sessionMs), ...args]);
    }
  }

  async byMids(mids: readonly bigint[]): Promise<readonly ConnectionRef[]> {
    return await this.#find("mid", mids.filter((mid) => mid !== 0n).map(String));
  }

  async byKeys(keys: readonly string[]): Promise<readonly ConnectionRef[]> {
    return await this.#find("key", keys);
  }

  async #add(session: ConnectionRef, limits: SessionLimits): Promise<SessionAdded> {
    const ofKey = await this.#enter("key", session, limits);
    if (ofKey === undefined) return { added: false };
    await this.#remove(ofKey.flatMap((old) => entriesOf(old, "mid")));
    let ofMid = await this.#enter("mid", session, limits);
    if (ofMid === undefined) {
      await this.#remove(entriesOf(session, "key"));
      return { added: false };
    }
    const { name } = hashOf("key", session.key);
    if (await this.store.run(HAS_SESSION, [name], [fieldOf(session)]) === 0) {
      // Another logic removed it, from the mid as well, before it was there.
      await this.#remove(entriesOf(session, "mid"));
      ofMid = await this.#putBack(ofMid, limits);
    }
    await this.#remove(ofMid.flatMap((old) => entriesOf(old, "key")));
    return { added: true, evicted: [...ofKey, ...ofMid] };
  }

  /** Returns those to their mid who made room in vain; answers those for whom there is none now. */
  async #putBack(
    sessions: readonly ConnectionRef[],
    limits: SessionLimits,
  ): Promise<readonly ConnectionRef[]> {
    const left: ConnectionRef[] = [];
    for (const session of sessions) {
      const back = await this.#enter("mid", session, { ...limits, whenFull: "refuse" });
      if (back === undefined) left.push(session);
    }
    return left;
  }

  /** Puts a session into one of its hashes; answers what had to go, or nothing when refused. */
  async #enter(
    index: Index,
    session: ConnectionRef,
    { perKeyMax, perMidMax, whenFull }: SessionLimits,
  ): Promise<readonly ConnectionRef[] | undefined> {
    const max = index === "key" ? perKeyMax : perMidMax;
    const of = index === "key" ? session.key : String(session.mid);
    const { name } = hashOf(index, of);
    const args = [fieldOf(session), otherOf(index, session), String(this.sessionMs), String(max)];
    let [added, rows] = partsOf(await this.store.run(ADD_SESSION, [name], [...args, "ask"]));
    if (added === 0) {
      // Only when it seems full does it matter who is still alive.
      const runs = await this.nodes.runs();
      const servers = new Set<string>();
      for (const [field, value] of fieldsOf(rows)) {
        if (field !== "") servers.add(parseRow(index, of, field, value).session.server);
      }
      const dead = [...servers].filter((server) => !runs.isAlive(server));
      [added, rows] = partsOf(
        await this.store.run(ADD_SESSION, [name], [...args, whenFull, ...dead]),
      );
    }
    if (added === 0) return undefined;
    return fieldsOf(rows).map(([field, value]) => parseRow(index, of, field, value).session);
  }

  async #find(index: Index, names: readonly string[]): Promise<readonly ConnectionRef[]> {
    const hashes = names.map((of) => ({ of, hash: hashOf(index, of), rows: [] as SessionRow[] }));
    const [runs] = await Promise.all([
      this.nodes.runs(),
      ...batchesOf(hashes).map(async (batch) => {
        const found = partsOf(await this.store.run(FIND_SESSIONS, namesOf(batch), []));
        for (const [place, { of, rows }] of batch.entries()) {
          for (const [field, value] of fieldsOf(found[place])) {
            rows.push(parseRow(index, of, field, value));
          }
        }
      }),
    ]);
    const alive: ConnectionRef[] = [];
    const replaced: Entry[] = [];
    for (const { rows, hash } of hashes) {
      for (const { session } of rows.sort((a, b) => a.rank - b.rank)) {
        if (runs.isAlive(session.server)) alive.push(session);
        else if (runs.isReplaced(session.server)) replaced.push({ hash, session, index });
      }
    }
    this.#prune(replaced);
    return alive;
  }

  /** Forgets sessions of replaced runs, some at a time and with nobody waiting. */
  #prune(entries: readonly Entry[]): void {
    if (entries.length === 0 || this.#pruning) return;
    this.#pruning = true;
    this.#remove(entries.slice(0, HASHES_MAX))
      // They are met again.
      .catch(() => {})
      .finally(() => this.#pruning = false);
  }

  async #remove(entries: readonly Entry[]): Promise<number> {
    const removed = await Promise.all(
      batchesOf(entries).map((batch) =>
        this.store.run(
          REMOVE_SESSIONS,
          namesOf(batch),
          batch.map(({ session }) => fieldOf(session)),
        )
      ),
    );
    return removed.reduce((sum: number, count) => sum + Number(count), 0);
  }
}

/** The place of a session in one index; none for the mid 0. */
function entriesOf(session: ConnectionRef, index: Index): Entry[] {
  if (index === "key") return [{ hash: hashOf(index, session.key), session, index }];
  if (session.mid === 0n) return [];
  return [{ hash: hashOf(index, String(session.mid)), session, index }];
}

/** What can go into one script each: of one slot, and not too many. */
function batchesOf<T extends { readonly hash: SessionHash }>(items: readonly T[]): T[][] {
  const open = new Map<number, T[]>();
  const batches: T[][] = [];
  for (const item of items) {
    let batch = open.get(item.hash.slot);
    if (batch === undefined || batch.length === HASHES_MAX) {
      batch = [];
      open.set(item.hash.slot, batch);
      batches.push(batch);
    }
    batch.push(item);
  }
  return batches;
}

function namesOf(batch: readonly { readonly hash: SessionHash }[]): string[] {
  return batch.map(({ hash }) => hash.name);
}
