import { createHash, timingSafeEqual } from "node:crypto";

/** What a key may be for: to push, to read what there is, or to decide about users. None has another. */
export const scopes = ["push", "read", "admin"] as const;
export type Scope = typeof scopes[number];

/** Who calls, as far as the API cares. */
export interface Caller {
  /** Name of the key. */
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
}

/** A key, without the key itself. */
export interface ApiKey extends Caller {
  /** SHA-256 of the key. */
  readonly digest: Uint8Array;
}

/** Which keys there are; without any, whoever reaches the API may use it. */
export type Access = readonly ApiKey[] | "anyone";

const all: ReadonlySet<Scope> = new Set(scopes);
const ANYONE: Caller = { name: "", scopes: all };

/** What is stored of a key, and compared. */
export function digestOf(key: string): Uint8Array {
  return createHash("sha256").update(key).digest();
}

/** A key that may do everything. */
export function fullKey(name: string, key: string): ApiKey {
  return { name, digest: digestOf(key), scopes: all };
}

/**
 * What a request shows as its key, as `Authorization: Bearer KEY` or as `X-API-Key: KEY`; empty where
 * it shows none. Two keys are none that there is: a
 * client's beside that of the proxy which passes it on would tell the client whether it is right.
 */
export function shownKey(headers: Headers): string {
  const [, bearer = ""] = /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "") ?? [];
  const own = headers.get("x-api-key") ?? "";
  return bearer !== "" && own !== "" && bearer !== own ? `${bearer} ${own}` : bearer || own;
}

/** The keys of the HTTP API. They can be exchanged while requests come in. */
export class ApiKeys {
  #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  /** Exchanges all of them; requests that were let in go on. */
  replace(access: Access): void {
    this.#access = access;
  }

  /**
   * Who calls. It takes the same time for every key, whichever it is and however much of a wrong one
   * is right.
   *
   * @param shown As {@linkcode shownKey} has it.
   * @returns Nothing when no key, or a wrong one, is shown.
   */
  callerOf(shown: string): Caller | undefined {
    if (this.#access === "anyone") return ANYONE;
    if (shown === "") return undefined;
    const digest = digestOf(shown);
    let found: Caller | undefined;
    for (const key of this.#access) if (timingSafeEqual(digest, key.digest)) found = key;
    return found;
  }
}
