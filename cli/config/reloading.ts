import type { Option, Options } from "../../options/kinds.ts";
import { ConfigError } from "../../options/reading.ts";
import { roomDefaults, RoomTypes } from "../../protocol/room_options.ts";
import { relations } from "./relations.ts";
import { type Config, type Field, needsApiKey, optionList, type ServerCommand } from "./schema.ts";

/**
 * Options of which a running server takes the new value; those of others take a restart. Clients have
 * been told how often to send heartbeats, and would be closed if that became more often.
 */
export const reloadedFields = [
  // Of comets.
  "handshakeMs",
  "slowReaderMs",
  "origins",
  "operationsMax",
  "joinsMax",
  "handshakesMax",
  "acceptRate",
  "acceptBurst",
  "addressConnectionsMax",
  "addressAuthFailuresMax",
  "roomsMax",
  "ringMax",
  "ringsMax",
  "pingMs",
  "connectionsMax",
  "reportMs",
  "drainMs",
  "publishRate",
  "publishBurst",
  // Of logics.
  "auth",
  "jwtSecret",
  "jwtKeyFile",
  "jwks",
  "jwtIssuer",
  "jwtAudience",
  "jwtToleranceMs",
  "authWebhookUrl",
  "authWebhookSecret",
  "authWebhookMs",
  "authWebhookHeaders",
  "authWebhookCacheMs",
  "authWebhookFallback",
  "perMidMax",
  "perKeyMax",
  "whenFull",
  "hookMs",
  "publishMidRate",
  "publishMidBurst",
  "webhookUrl",
  "webhookSecret",
  "webhookMs",
  "defaultDomain",
  "hostDomain",
  "regions",
  // Of the HTTP API.
  "apiKey",
  "apiKeysFile",
  "apiKeyFailuresMax",
  "insecureApi",
  "hosts",
  "trustedProxies",
  "httpConnectionsMax",
  // Of all.
  "tlsCert",
  "tlsKey",
  "tlsCa",
  "rooms",
  "logLevel",
] as const satisfies readonly Field[];

const reloaded: ReadonlySet<Field> = new Set(reloadedFields);

/** Whether a running server takes a new value of an option. */
export function reloads(field: Field): boolean {
  return reloaded.has(field);
}

/** What becomes of a running server that reads its configuration anew. */
export interface ReloadPlan {
  /** What it goes on with. */
  readonly config: Config;
  /** What changes, a text for each. */
  readonly changed: readonly string[];
  /** What takes a restart, a text for each. */
  readonly restart: readonly string[];
}

/**
 * Finds out what a running server takes of another configuration.
 *
 * @param current What it goes by.
 * @param next What was read; right by itself.
 * @throws {ConfigError} When what takes a restart does not go with what changes.
 */
export function planReload(current: Config, next: Config, command: ServerCommand): ReloadPlan {
  const kept = withHistories(current.rooms, next.rooms);
  const entries = optionList.map(([field]) => [field, (reloads(field) ? next : current)[field]]);
  const config: Config = { ...Object.fromEntries(entries), rooms: kept.rooms };
  const mistakes = [...openings(current, config), ...relations(config, command, () => undefined)];
  if (mistakes.length > 0) {
    throw new ConfigError(mistakes.map((mistake) => `${mistake} (before a restart)`));
  }
  const changed: string[] = [];
  const restart = [...kept.restart];
  for (const [field, option] of optionList) {
    const differs = differences(option, current[field], (reloads(field) ? config : next)[field]);
    (reloads(field) ? changed : restart).push(...differs);
  }
  return { config, changed, restart };
}

/** What would let in whoever comes: a file that is empty, or half written, is right by itself. */
function openings(current: Config, next: Config): string[] {
  const mistakes: string[] = [];
  if (current.auth !== "goim" && next.auth === "goim") {
    mistakes.push('auth = "goim": clients would be whoever they say');
  }
  if (needsApiKey(current) && !needsApiKey(next)) {
    mistakes.push("without API keys anyone could use the HTTP API who reaches it");
  }
  return mistakes;
}

/** Longest value that is shown, in characters. */
const SHOWN_MAX = 200;

/** A value of TOML as the log shows it. */
function shown(toml: string): string {
  const text = toml.startsWith('"') ? JSON.parse(toml) as string : toml;
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}

/** How two values of an option differ, a text for each difference. */
function differences(option: Option<unknown>, old: unknown, value: unknown): string[] {
  const { name, secret, rows, unique, toToml } = option;
  if (toToml(old) === toToml(value)) return [];
  if (secret) return [name];
  if (rows === undefined || unique === undefined) {
    return [`${name}: ${shown(toToml(old))} -> ${shown(toToml(value))}`];
  }
  return rowDifferences(name, rows, unique, old as Rows, value as Rows);
}

type Rows = readonly Readonly<Record<string, unknown>>[];

function rowDifferences(
  name: string,
  rows: Options,
  unique: string,
  old: Rows,
  value: Rows,
): string[] {
  const keys = new Set([...old, ...value].map((row) => row[unique] as string));
  return [...keys].flatMap((key) => {
    const place = `[[${name}]] ${JSON.stringify(key)}`;
    const [before, after] = [old, value].map((all) => all.find((row) => row[unique] === key));
    if (before === undefined || after === undefined) {
      return `${place}: ${before === undefined ? "new" : "gone"}`;
    }
    return Object.entries(rows).flatMap(([field, option]) =>
      differences(option, before[field], after[field]).map((text) => `${place} ${text}`)
    );
  });
}

/**
 * Room types that keep history go on keeping it: a push that is not stored passes by the members who
 * are behind.
 */
function withHistories(
  current: Config["rooms"],
  next: Config["rooms"],
): Pick<Config, "rooms"> & Pick<ReloadPlan, "restart"> {
  const [before, after] = [new RoomTypes(current), new RoomTypes(next)];
  const named = [...current, ...next].map(({ type }) => type);
  const ended = [...new Set([...named, roomDefaults.type])].filter((type) =>
    before.ofType(type).historySize > 0 && after.ofType(type).historySize === 0
  );
  const kept = ended.map((type) => {
    const { historySize, historyTtlMs, historyBy } = before.ofType(type);
    return { ...after.ofType(type), type, historySize, historyTtlMs, historyBy };
  });
  return {
    rooms: [...next.filter(({ type }) => !ended.includes(type)), ...kept],
    restart: kept.map(({ type, historySize }) =>
      `[[rooms]] ${JSON.stringify(type)} history-size: ${historySize} -> 0`
    ),
  };
}
