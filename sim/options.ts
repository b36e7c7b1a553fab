import { flagTexts, optionHelp } from "../options/help.ts";
import {
  choice,
  decimal,
  duration,
  integer,
  list,
  text,
  toggle,
  type Values,
} from "../options/kinds.ts";
import { ConfigError, merge, Reading } from "../options/reading.ts";
import { parseClientAddress } from "./client_address.ts";
import { type ScenarioName, scenarioTexts, SHOW, SHOW_ROOM, showRooms } from "./scenario_names.ts";
import type { Transport } from "./types.ts";

const scenarioLines = Object.entries(scenarioTexts).map(([name, text]) =>
  `\n      ${name.padEnd(10)} ${text}`
).join("");

/** Part of the clients that something is done to where nothing is said. */
const SHARE = 0.05;

const simOptions = {
  scenario: choice({
    name: "scenario",
    default: "fanout",
    words: Object.keys(scenarioTexts) as ScenarioName[],
    text: `What is done${scenarioLines}`,
  }),
  clients: integer({
    name: "clients",
    default: 10_000,
    defaultText: `10000, with danmaku ${SHOW.clients}`,
    min: 1,
    max: 10_000_000,
    text: "Virtual clients",
  }),
  rooms: integer({
    name: "rooms",
    default: 10,
    defaultText: `10, with danmaku ${SHOW.rooms}`,
    min: 1,
    max: 1_000_000,
    text: "Rooms that they are spread over",
  }),
  /** Per second. */
  rate: decimal({
    name: "rate",
    default: 40,
    defaultText: `40, with danmaku ${SHOW.rate}`,
    min: 0,
    max: 1_000_000,
    text: "Pushes per second over all rooms; with danmaku messages of clients, floods on top",
  }),
  roomKeys: list({
    name: "room",
    default: [],
    defaultText: `sim://0 and on, with danmaku ${SHOW_ROOM}1 and on`,
    placeholder: "LIST",
    range: "TYPE://ID, or several",
    form: /^[^,]+:\/\/[^,]+$/,
    text: "With danmaku: keys of the rooms, in place of --rooms",
  }),
  /** In bytes. */
  size: integer({ name: "size", default: 100, min: 32, max: 60_000, text: "Bytes of a push" }),
  transports: list({
    name: "transport",
    default: ["tcp", "ws"],
    placeholder: "LIST",
    range: "tcp, ws or both",
    form: /^(?:tcp|ws)$/,
    text: "How clients connect; with both, each in turn",
  }),
  heartbeatMs: duration({
    name: "heartbeat",
    default: 30_000,
    minMs: 1_000,
    maxMs: 3_600_000,
    text: "How often a client beats",
  }),
  /** Per second. */
  ramp: decimal({
    name: "ramp",
    default: 1_000,
    min: 1,
    max: 1_000_000,
    unit: "/s",
    text: "New connections per second",
  }),
  durationMs: duration({
    name: "duration",
    default: 60_000,
    minMs: 0,
    maxMs: 365 * 24 * 3_600_000,
    text: "How long it lasts once all clients are in",
  }),
  roomsEach: integer({
    name: "rooms-each",
    default: 1,
    min: 1,
    max: 33,
    text: "With recovery and rolling: rooms of each client, those beyond the first by operation 64",
  }),
  share: decimal({
    name: "share",
    default: 0,
    defaultText: "5%, with recovery 100%",
    min: 0,
    max: 100,
    unit: "%",
    text: "Part of the clients that falls silent, stops reading, or with recovery is cut off",
  }),
  workers: integer({
    name: "workers",
    default: 0,
    defaultText: "0, as many as the clients need",
    min: 0,
    max: 256,
    text: "Client processes",
  }),
  seed: integer({
    name: "seed",
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
    text: "Seed of everything that is random",
  }),
  targets: list({
    name: "target",
    default: [],
    defaultText: "a server of its own",
    placeholder: "LIST",
    range: "tcp://HOST:PORT or ws://HOST:PORT, or several",
    form: { test: (text) => parseClientAddress(text) !== undefined },
    text: "Where a server runs to which clients connect; goim's will do",
  }),
  apis: list({
    name: "api",
    default: [],
    defaultText: "none",
    placeholder: "LIST",
    range: "http://HOST:PORT or https://HOST:PORT, or several",
    form: /^https?:\/\/[^/]/,
    text: "Its HTTP API; of several, one that goes is passed over, and its push sent to the next",
  }),
  apiKey: text({
    name: "api-key",
    default: "",
    defaultText: "none",
    placeholder: "KEY",
    range: "any text",
    form: /^/,
    secret: true,
    text: "Its API key",
  }),
  json: toggle({
    name: "json",
    default: false,
    text: "Print one line of JSON instead of words",
  }),
  html: text({
    name: "html",
    default: "",
    defaultText: "none",
    placeholder: "FILE",
    range: "a path",
    form: /^/,
    text: "Page with charts to write",
  }),
} as const;

/** What a run is to be like; a text that was not given is empty. */
export type SimOptions = Omit<Values<typeof simOptions>, "transports" | "share"> & {
  readonly transports: readonly Transport[];
  /** 0 to 1. */
  readonly share: number;
};

/** What `halley sim --help` prints. */
export const simHelp =
  `Drives a server with virtual clients over real sockets and checks every delivery.

Usage: halley sim [FLAG]...

Examples:
  halley sim
  halley sim --clients 10000 --rooms 1 --rate 40 --duration 30s --html report.html
  halley sim --scenario heartbeat --clients 20000 --heartbeat 10s
  halley sim --scenario capacity --clients 60000
  halley sim --scenario recovery --clients 20000 --rooms 20 --rate 100
  halley sim --scenario danmaku --duration 5m
  halley sim --scenario danmaku --target ws://127.0.0.1:3102 --api http://127.0.0.1:3111 \\
      --room demo://1
  halley sim --scenario rolling --duration 10m --target ws://comet-1:3102,ws://comet-2:3102 \\
      --api http://logic-1:3111,http://logic-2:3111
  halley sim --target tcp://push.example:3101,ws://push.example:3102 \\
      --api http://push.example:3111 --api-key KEY

Without --target it starts a server of its own on this machine and stops it in the end.
With rolling, replace processes of the cluster meanwhile; Ctrl-C ends it, and it checks everything.
The same seed gives the same workload. Exit codes: 0 all checks hold, 1 one failed, 2 wrong usage,
3 it could not run.

${Object.values(simOptions).map((option) => optionHelp(option)).join("\n")}`;

/**
 * Reads the command line.
 *
 * @throws {ConfigError} When anything is wrong; it holds every mistake.
 */
export function parseSimOptions(args: readonly string[]): SimOptions {
  const reading = new Reading(simOptions);
  reading.readFlags(args);
  const { mistakes } = reading;
  const isShow = reading.given.get("scenario")?.value === "danmaku";
  const ofShow = new Reading(simOptions);
  if (isShow) {
    ofShow.readFlags(Object.entries(SHOW).flatMap(([name, value]) => [`--${name}`, `${value}`]));
  }
  // No default depends on the machine.
  const { values } = merge(simOptions, [reading, ofShow], { hostname: () => "" });
  const roomKeys = isShow ? showRooms(values) : values.roomKeys;
  if (!isShow && roomKeys.length > 0) mistakes.push("--room goes with --scenario danmaku");
  if (new Set(roomKeys).size < roomKeys.length) mistakes.push("--room: each must be another room");
  if (isShow && reading.given.has("rooms") && values.rooms !== roomKeys.length) {
    mistakes.push("--rooms and --room do not go together");
  }
  if (values.transports.length === 0) mistakes.push('--transport = "": must be tcp, ws or both');
  if ((values.targets.length > 0) !== (values.apis.length > 0)) {
    mistakes.push("--target and --api go together");
  }
  if (values.scenario === "rolling" && values.targets.length === 0) {
    mistakes.push("--scenario rolling goes with --target and --api");
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return {
    ...values,
    roomKeys,
    rooms: roomKeys.length || values.rooms,
    transports: values.transports as Transport[],
    share: values.share / 100 || (values.scenario === "recovery" ? 1 : SHARE),
    apis: values.apis.map((url) => url.replace(/\/+$/, "")),
  };
}

/** The options of a run, as on the command line. */
export function optionTexts(options: SimOptions): string[] {
  return flagTexts(simOptions, { ...options, share: Number((100 * options.share).toFixed(6)) });
}
