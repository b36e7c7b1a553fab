import { defaultOf, type Machine, type Option, type Values } from "../../options/kinds.ts";
import { listenerDefaults } from "./listener_options.ts";
import { parseAddress } from "../../options/address.ts";
import { options } from "./options.ts";

/** What runs: every role at once, or one of them. */
export type ServerCommand = "start" | "comet" | "logic" | "job";

/** A field of {@linkcode Config}. */
export type Field = keyof typeof options;

/**
 * The effective configuration of a server.
 *
 * ```ts
 * import type { Config } from "./mod.ts";
 *
 * const options: Partial<Config> = { whenFull: "refuse", perMidMax: 3 };
 * console.log(options);
 * ```
 */
export type Config = Values<typeof options>;

/** What differs from the defaults; of a type of rooms and of a listener as well. */
export type GivenConfig = Omit<Partial<Config>, "rooms" | "listeners"> & {
  readonly rooms?: readonly Given<RoomConfig, "type">[];
  readonly listeners?: readonly Given<ListenerConfig, "address" | "transport">[];
};

/** A row of a table, of which some fields must be given. */
type Given<Row, Needed extends keyof Row> = Partial<Row> & Pick<Row, Needed>;

type RoomConfig = Config["rooms"][number];
type ListenerConfig = Config["listeners"][number];

/** Every option with its field, in order. */
export const optionList: readonly (readonly [Field, Option<unknown>])[] = Object.entries(
  options,
) as [Field, Option<unknown>][];

/** Where clients are taken in: what `[[listeners]]` say, or the short forms. */
export function listenersOf({ listeners, tcp, ws, wss }: Config): Config["listeners"] {
  if (listeners.length > 0) return listeners;
  const secure = parseAddress(wss);
  return [
    { address: tcp, transport: "tcp", ...listenerDefaults },
    { address: ws, transport: "websocket", ...listenerDefaults },
    ...(secure === undefined
      ? []
      : [{ address: secure, transport: "websocket", ...listenerDefaults, tls: true } as const]),
  ];
}

/** The port of the first listener of a kind; 0 where there is none. */
export function portOf(
  config: Config,
  carrier: Config["listeners"][number]["transport"],
  isSecure: boolean,
): number {
  const isWanted = ({ transport, tls }: Config["listeners"][number]) =>
    transport === carrier && tls === isSecure;
  return listenersOf(config).find(isWanted)?.address.port ?? 0;
}

/** Whether callers of the HTTP API must show a key. */
export function needsApiKey({ apiKey, apiKeysFile }: Config): boolean {
  return apiKey !== "" || apiKeysFile !== "";
}

/** Whether tables stand for an option, which then must not be given. */
export function isReplaced({ unless }: Option<unknown>, config: Config): boolean {
  return unless !== undefined && (config[unless as Field] as readonly unknown[]).length > 0;
}

/** The variable that sets an option. */
export function variableOf({ name }: Option<unknown>): string {
  return `HALLEY_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** The configuration of a machine where nobody has configured anything. */
export function defaultConfig(machine: Machine): Config {
  const fields = optionList.map(([field, option]) => [field, defaultOf(option, machine)]);
  return Object.fromEntries(fields) as Config;
}
