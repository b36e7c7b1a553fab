import { parseArgs } from "node:util";
import { parsePlace } from "./locations.ts";
import type { Transport } from "./types.ts";

/** What a run is to be like. */
export interface SimOptions {
  readonly scenario: ScenarioName;
  readonly clients: number;
  readonly rooms: number;
  /** Pushes per second over all rooms. */
  readonly rate: number;
  /** Bytes of a push. */
  readonly size: number;
  readonly transports: readonly Transport[];
  readonly heartbeatMs: number;
  /** New connections per second. */
  readonly ramp: number;
  readonly durationMs: number;
  /** Which part of the clients falls silent or stops reading, 0 to 1. */
  readonly share: number;
  /** Client processes; undefined for as many as the clients need. */
  readonly workers: number | undefined;
  readonly seed: number;
  /** Where clients connect; none for a server of the run's own. */
  readonly targets: readonly string[];
  /** The HTTP API of the targets. */
  readonly api: string | undefined;
  readonly apiKey: string;
  readonly json: boolean;
  readonly html: string | undefined;
}

/** What each scenario does, in one line. */
export const scenarioTexts = {
  fanout: "pushes into rooms at a steady rate; every client must get all of its room's",
  heartbeat: "all clients beat; a share falls silent, to be closed in time, and nobody else",
  churn: "clients come and go, change rooms and come back with the same key, while pushes run",
  slow: "a share, at most some 50, stops reading; the others' latency must not move",
  storm: "all clients leave at once and come back at once, while pushes run",
  capacity: "more and more clients, until latency or errors pass a limit; says what was met",
  mixed: "pushes, heartbeats, churn and slow readers at once",
} as const;

export type ScenarioName = keyof typeof scenarioTexts;

const scenarioLines = Object.entries(scenarioTexts).map(([name, text]) =>
  `      ${name.padEnd(10)} ${text}`
).join("\n");

/** What `halley sim --help` prints. */
export const simHelp =
  `Drives a server with virtual clients over real sockets and checks every delivery.

Usage: halley sim [FLAG]...

Examples:
  halley sim
  halley sim --clients 10000 --rooms 1 --rate 40 --duration 30s --html report.html
  halley sim --scenario heartbeat --clients 20000 --heartbeat 10s
  halley sim --scenario capacity --clients 60000
  halley sim --target tcp://push.example:3101,ws://push.example:3102 \\
      --api http://push.example:3111 --api-key KEY

Without --target it starts a server of its own on this machine and stops it in the end.
The same seed gives the same workload. Exit codes: 0 all checks hold, 1 one failed, 2 wrong usage,
3 it could not run.

  --scenario NAME     what is done; default: fanout
${scenarioLines}
  --clients N         virtual clients; default: 10000
  --rooms N           rooms that they are spread over; default: 10
  --rate N            pushes per second over all rooms; default: 40
  --size N            bytes of a push, 32 to 60000; default: 100
  --transport LIST    tcp, ws or both, each client in turn; default: tcp,ws
  --heartbeat TIME    how often a client beats; default: 30s
  --ramp N/s          new connections per second; default: 1000/s
  --duration TIME     how long it lasts once all clients are in; default: 60s
  --share N%          of the clients, to fall silent or to stop reading; default: 5%
  --workers N         client processes; default: as many as the clients need
  --seed N            of everything that is random; default: 1
  --target LIST       tcp://HOST:PORT and ws://HOST:PORT of a running server; goim's will do
  --api URL           its HTTP API
  --api-key KEY       its API key
  --json              one line of JSON on standard output instead of words
  --html FILE         a page with charts`;

/** The command line is wrong; one line for each mistake. */
export class UsageError extends Error {
  override readonly name = "UsageError";

  constructor(readonly mistakes: readonly string[]) {
    super(mistakes.join("\n"));
  }
}

const flags = {
  scenario: "fanout",
  clients: "10000",
  rooms: "10",
  rate: "40",
  size: "100",
  transport: "tcp,ws",
  heartbeat: "30s",
  ramp: "1000/s",
  duration: "60s",
  share: "5%",
  workers: "",
  seed: "1",
  target: "",
  api: "",
  "api-key": "",
  html: "",
} as const;

type Flag = keyof typeof flags;

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Reads flags, and collects what is wrong with them. */
class Reader {
  readonly mistakes: string[] = [];

  constructor(private readonly values: Readonly<Record<string, string | boolean | undefined>>) {}

  text(flag: Flag): string {
    return String(this.values[flag] ?? flags[flag]);
  }

  number(flag: Flag, min: number, max: number, suffix = ""): number {
    const text = this.text(flag);
    const bare = suffix !== "" && text.endsWith(suffix) ? text.slice(0, -suffix.length) : text;
    const value = /^\d+(?:\.\d+)?$/.test(bare) ? Number(bare) : NaN;
    if (value >= min && value <= max) return value;
    return this.#wrong(flag, `a number, ${min} to ${max}`, NaN);
  }

  whole(flag: Flag, min: number, max: number): number {
    const value = /^\d+$/.test(this.text(flag)) ? Number(this.text(flag)) : NaN;
    if (value >= min && value <= max) return value;
    return this.#wrong(flag, `a whole number, ${min} to ${max}`, NaN);
  }

  durationMs(flag: Flag, minMs: number): number {
    const found = /^(\d+)(ms|s|m|h)$/.exec(this.text(flag));
    const ms = found === null ? NaN : Number(found[1]) * unitsMs[found[2]];
    if (ms >= minMs) return ms;
    const least = minMs > 0 ? `, at least ${minMs / 1_000}s` : "";
    return this.#wrong(flag, `a whole number and ms, s, m or h${least}`, NaN);
  }

  list(flag: Flag, isItem: (text: string) => boolean, range: string): string[] {
    const text = this.text(flag);
    // A flag that has no default may be left out.
    const items = text === "" && flags[flag] === "" ? [] : text.split(",");
    return items.every(isItem) ? items : this.#wrong(flag, range, []);
  }

  word<Word extends string>(flag: Flag, words: readonly Word[]): Word {
    const text = this.text(flag) as Word;
    return words.includes(text) ? text : this.#wrong(flag, `one of ${words.join(", ")}`, words[0]);
  }

  #wrong<Value>(flag: Flag, range: string, value: Value): Value {
    this.mistakes.push(`--${flag} = "${this.text(flag)}": must be ${range}`);
    return value;
  }
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} When anything is wrong; it holds every mistake.
 */
export function parseSimOptions(args: readonly string[]): SimOptions {
  const names = [...Object.keys(flags), "json"];
  const { values, tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: {
      json: { type: "boolean" },
      ...Object.fromEntries(Object.keys(flags).map((name) => [name, { type: "string" as const }])),
    },
  });
  const reader = new Reader(values as Record<string, string | boolean | undefined>);
  let valueOfUnknown = -1;
  for (const token of tokens) {
    if (token.kind === "positional" && token.index !== valueOfUnknown) {
      reader.mistakes.push(`unexpected argument "${token.value}"`);
    }
    if (token.kind !== "option") continue;
    if (!names.includes(token.name)) {
      reader.mistakes.push(`${token.rawName}: there is no such flag`);
      valueOfUnknown = token.index + 1;
    } else if (token.name !== "json" && token.value === undefined) {
      reader.mistakes.push(`${token.rawName}: needs a value`);
    }
  }
  const isPlace = (text: string) => parsePlace(text) !== undefined;
  const targets = reader.list("target", isPlace, "tcp://HOST:PORT or ws://HOST:PORT, or several");
  const api = reader.text("api");
  if (api !== "" && !/^https?:\/\/[^/]/.test(api)) {
    reader.mistakes.push(`--api = "${api}": must be http://HOST:PORT or https://HOST:PORT`);
  }
  if ((targets.length > 0) !== (api !== "")) {
    reader.mistakes.push("--target and --api go together");
  }
  const isTransport = (text: string) => text === "tcp" || text === "ws";
  const workers = reader.text("workers");
  const options: SimOptions = {
    scenario: reader.word("scenario", Object.keys(scenarioTexts) as ScenarioName[]),
    clients: reader.whole("clients", 1, 10_000_000),
    rooms: reader.whole("rooms", 1, 1_000_000),
    rate: reader.number("rate", 0, 1_000_000),
    size: reader.whole("size", 32, 60_000),
    transports: reader.list("transport", isTransport, "tcp, ws or both") as Transport[],
    heartbeatMs: reader.durationMs("heartbeat", 1_000),
    ramp: reader.number("ramp", 1, 1_000_000, "/s"),
    durationMs: reader.durationMs("duration", 0),
    share: reader.number("share", 0.01, 100, "%") / 100,
    workers: workers === "" ? undefined : reader.whole("workers", 1, 256),
    seed: reader.whole("seed", 0, 2 ** 32 - 1),
    targets,
    api: api === "" ? undefined : api.replace(/\/+$/, ""),
    apiKey: reader.text("api-key"),
    json: values.json === true,
    html: reader.text("html") || undefined,
  };
  if (reader.mistakes.length > 0) throw new UsageError(reader.mistakes);
  return options;
}
