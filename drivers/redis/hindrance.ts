/** Why a server that answers does not do now what it may do later. */
export type Hindrance =
  /** It, or the part of the cluster that it asks, is not there yet. */
  | "away"
  /** Its memory is used up (`maxmemory` with `noeviction`). */
  | "full"
  /** It may not write: it is a replica, has none, or cannot save. */
  | "unwritable";

const hindrances: ReadonlyMap<string, Hindrance> = new Map([
  ["LOADING", "away"],
  ["BUSY", "away"],
  ["MASTERDOWN", "away"],
  ["CLUSTERDOWN", "away"],
  ["TRYAGAIN", "away"],
  ["OOM", "full"],
  ["READONLY", "unwritable"],
  ["NOREPLICAS", "unwritable"],
  ["MISCONF", "unwritable"],
]);

/** Before version 7 the code stands at the end of what says that a script failed. */
const form = /^(?:.*: -)?([A-Z]+)\b/;

/** The code of an error of Redis, such as `OOM`; empty when it has none. */
export function codeOf(message: string): string {
  return form.exec(message)?.[1] ?? "";
}

/** What an error of Redis says is in the way; nothing when asking again would not help. */
export function hindranceIn(message: string): Hindrance | undefined {
  return hindrances.get(codeOf(message));
}
