/** Why a server does not do now what it may do later. */
export type Unavailability =
  /** It, or the part of the cluster that it asks, is not there yet. */
  | "away"
  /** Its memory is used up (`maxmemory` with `noeviction`). */
  | "full"
  /** It may not write: it is a replica, has none, or cannot save. */
  | "unwritable";

const unavailabilities: ReadonlyMap<string, Unavailability> = new Map([
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

/** What an error of Redis says of the server; nothing when asking again would not help. */
export function unavailabilityIn(message: string): Unavailability | undefined {
  return unavailabilities.get(codeOf(message));
}

/** What an error says, in one line. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const code = (error as { code?: string }).code ?? "";
  return message.split("\n")[0] || code || "no connection";
}
