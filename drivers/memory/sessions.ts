import type { ConnectionRef } from "../../protocol/cluster/connection.ts";
import type { SessionAdded, SessionLimits, Sessions } from "../ports.ts";

/** What sessions need to know of the nodes; `MemoryNodes` knows it. */
export interface Liveness {
  /** Whether a run of a node is registered and its lease runs. */
  isAlive(server: string): boolean;
  /** Calls back whenever the connections of a run are lost for good. */
  onGone(listener: (server: string) => void): void;
}

/** Sessions of one key or mid, oldest first; nearly always one, which then stands for itself. */
type OneOrMore = ConnectionRef | ConnectionRef[];

const NONE: readonly ConnectionRef[] = [];

/**
 * Who is connected where, in this process. Sessions of a run whose lease ran out are ignored, and
 * forgotten when it is replaced or leaves. The mid 0 is nobody: it has no limit and is not found.
 */
export class MemorySessions implements Sessions {
  readonly #byKey = new Map<string, OneOrMore>();
  readonly #byMid = new Map<bigint, OneOrMore>();
  #size = 0;

  constructor(private readonly nodes: Liveness) {
    nodes.onGone((server) => this.forgetServer(server));
  }

  /** Sessions that are stored, those of dead nodes included. */
  get size(): number {
    return this.#size;
  }

  async add(session: ConnectionRef, limits: SessionLimits): Promise<SessionAdded> {
    const { key, mid } = session;
    if (this.#stored(session) !== undefined) return { added: true, evicted: NONE };
    const { perKeyMax, perMidMax, whenFull } = limits;
    if (whenFull === "refuse") {
      const fits = this.#surplus(this.#byKey.get(key), perKeyMax).length === 0 &&
        this.#surplus(this.#byMid.get(mid), perMidMax).length === 0;
      if (!fits) return { added: false };
      this.#insert(session);
      return { added: true, evicted: NONE };
    }
    const ofKey = this.#surplus(this.#byKey.get(key), perKeyMax);
    for (const old of ofKey) this.#forget(old);
    const ofMid = this.#surplus(this.#byMid.get(mid), perMidMax);
    for (const old of ofMid) this.#forget(old);
    this.#insert(session);
    return { added: true, evicted: ofMid.length === 0 ? ofKey : [...ofKey, ...ofMid] };
  }

  async remove(session: ConnectionRef): Promise<boolean> {
    const stored = this.#stored(session);
    if (stored === undefined) return false;
    this.#forget(stored);
    return true;
  }

  async renew(sessions: readonly ConnectionRef[]): Promise<void> {
    for (const session of sessions) {
      if (!this.nodes.isAlive(session.server)) continue;
      if (this.#stored(session) === undefined) this.#insert(session);
    }
  }

  async byMids(mids: readonly bigint[]): Promise<readonly ConnectionRef[]> {
    return this.#find(this.#byMid, mids);
  }

  async byKeys(keys: readonly string[]): Promise<readonly ConnectionRef[]> {
    return this.#find(this.#byKey, keys);
  }

  /** Forgets every session of a run. Takes time by the number of all sessions. */
  forgetServer(server: string): void {
    for (const found of this.#byKey.values()) {
      for (const session of [...listOf(found)]) {
        if (session.server === server) this.#forget(session);
      }
    }
  }

  #stored({ key, connectionId, server }: ConnectionRef): ConnectionRef | undefined {
    const found = this.#byKey.get(key);
    if (found === undefined) return undefined;
    return listOf(found).find((other) =>
      other.connectionId === connectionId && other.server === server
    );
  }

  #find<Name>(index: Map<Name, OneOrMore>, names: readonly Name[]): readonly ConnectionRef[] {
    const found: ConnectionRef[] = [];
    for (const name of names) {
      for (const session of listOf(index.get(name))) {
        if (this.nodes.isAlive(session.server)) found.push(session);
      }
    }
    return found;
  }

  /** The oldest sessions on live nodes that must go so that one more fits. */
  #surplus(found: OneOrMore | undefined, max: number): readonly ConnectionRef[] {
    const alive = listOf(found).filter(({ server }) => this.nodes.isAlive(server));
    return alive.length < max ? NONE : alive.slice(0, alive.length - max + 1);
  }

  #insert(session: ConnectionRef): void {
    insert(this.#byKey, session.key, session);
    if (session.mid !== 0n) insert(this.#byMid, session.mid, session);
    this.#size++;
  }

  #forget(session: ConnectionRef): void {
    remove(this.#byKey, session.key, session);
    if (session.mid !== 0n) remove(this.#byMid, session.mid, session);
    this.#size--;
  }
}

function listOf(found: OneOrMore | undefined): readonly ConnectionRef[] {
  if (found === undefined) return NONE;
  return Array.isArray(found) ? found : [found];
}

function insert<Name>(index: Map<Name, OneOrMore>, name: Name, session: ConnectionRef): void {
  const found = index.get(name);
  if (found === undefined) index.set(name, session);
  else if (Array.isArray(found)) found.push(session);
  else index.set(name, [found, session]);
}

function remove<Name>(index: Map<Name, OneOrMore>, name: Name, session: ConnectionRef): void {
  const found = index.get(name);
  if (found === session) {
    index.delete(name);
  } else if (Array.isArray(found)) {
    found.splice(found.indexOf(session), 1);
    if (found.length === 1) index.set(name, found[0]);
  }
}
