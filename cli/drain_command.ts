import { type Clock, sleep } from "../base/clock.ts";
import { isNotConnected, reasonOf } from "../logic/webhook/client.ts";
import { optionHelp } from "../options/help.ts";
import { text } from "../options/kinds.ts";
import { ConfigError, merge, Reading } from "../options/reading.ts";
import { deniedAdvice } from "./permission_hints.ts";

const flags = {
  target: text({
    name: "target",
    default: "",
    defaultText: "none, it must be given",
    placeholder: "URL",
    range: "an http: or https: URL",
    form: /^(?:|https?:\/\/\S{1,2000})$/,
    text: "HTTP API of the process that is to go, or with --comet of any logic of its cluster",
  }),
  comet: text({
    name: "comet",
    default: "",
    defaultText: "none, the process at --target goes",
    placeholder: "NAME",
    range: "the id of a comet, as in its option id",
    form: /^\S{0,256}$/,
    text: "Comet that is to go",
  }),
} as const;

/** What `halley drain --help` prints. */
export const drainHelp =
  `Has a process of Halley end without loss, and waits until it has: what SIGTERM does, from outside.

Usage: halley drain --target URL [--comet NAME]

Examples:
  halley drain --target http://10.0.0.1:3111
  halley drain --target http://10.0.0.1:3111 --comet comet-1
  HALLEY_API_KEY=$(cat admin.key) halley drain --target https://push.example.com --comet comet-2

A comet gets no new clients, and sends those that it has to the others, spread over its drain-window.
Until a client has gone the comet gives it all that is pushed. A logic answers 503 with Retry-After
to new calls, and comets and back ends go to the other logics. The process ends with code 0; what
starts it again, such as systemd or Kubernetes, is up to you. A job is drained by SIGTERM.

The environment variable HALLEY_API_KEY has the API key, whose scope must be admin. Ended early, this
command leaves the drain as it is: asked again, it goes on to wait. On Deno a target on another
machine needs --allow-net=HOST:PORT. An authority of your own that vouches for an https: target is
named by NODE_EXTRA_CA_CERTS=FILE for Bun, by DENO_CERT=FILE for Deno.

Exit codes:
  0   it has ended
  1   it could not be asked, or refused, or nobody could tell what became of it
  2   the command line is wrong

${Object.values(flags).map((flag) => optionHelp(flag)).join("\n")}`;

/** How often it is asked how far it is, in milliseconds. */
const ASK_MS = 1_000;

/** How long an answer may take, in milliseconds. */
const ANSWER_MS_MAX = 10_000;

/**
 * How long nobody may know what became of a process, in milliseconds: more than it takes until a
 * cluster gives a comet up.
 */
const LOST_MS_MAX = 20_000;

/** What the command needs of the world. */
export interface DrainTools {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  /** The API key; nothing for none. */
  readonly apiKey: string | undefined;
  /** Says something on standard output, or with `isError` on standard error. */
  say(text: string, isError?: boolean): void;
}

/** What the API has answered. */
interface Answer {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly data?: { readonly server: string; readonly connections: number };
}

/** What helps against a status, beside what the server says. */
const advice: Readonly<Record<number, string>> = {
  401: "; HALLEY_API_KEY must have one",
  403: "; the key in HALLEY_API_KEY needs the scope admin",
  404: "; --target must be the HTTP API of a logic, or of start",
  503: "; name another logic",
};

/**
 * `halley drain`.
 *
 * @returns The exit code.
 * @throws {ConfigError} When the command line is wrong.
 */
export async function drainCommand(args: readonly string[], tools: DrainTools): Promise<number> {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) {
    tools.say(drainHelp);
    return 0;
  }
  const reading = new Reading(flags);
  reading.readFlags(args);
  const { mistakes } = reading;
  const { target, comet } = merge(flags, [reading], { hostname: () => "" }).values;
  if (target === "" && !mistakes.some((mistake) => mistake.startsWith("--target"))) {
    mistakes.push(`--target: must be given: ${flags.target.range}`);
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const base = target.endsWith("/") ? target : `${target}/`;
  try {
    return await (comet === "" ? drainProcess(base, tools) : drainComet(base, comet, tools));
  } catch (error) {
    const reason = deniedAdvice(error) ?? reasonOf(error);
    tools.say(`halley drain: cannot ask ${target}: ${reason}`, true);
    return 1;
  }
}

async function drainProcess(base: string, tools: DrainTools): Promise<number> {
  const { clock, say } = tools;
  const answer = await ask(base, {}, tools);
  if (answer.code !== 0) return refused(answer, tools);
  say(`${base} takes no more calls`);
  let answeredMs = clock.monotonicMs();
  while (true) {
    const isOver = await hasEnded(base, tools);
    if (isOver) {
      say(`${base} has ended`);
      return 0;
    }
    if (isOver !== undefined) answeredMs = clock.monotonicMs();
    else if (isLost(answeredMs, tools)) return lost(base, "it does not answer", tools);
    await sleep(clock, ASK_MS);
  }
}

/** Nothing when that cannot be told. Whoever takes calls there afterwards is the next one. */
async function hasEnded(base: string, { fetch }: DrainTools): Promise<boolean | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(new URL("readyz", base), { signal });
    await response.body?.cancel();
    return response.status !== 503;
  } catch (error) {
    return isNotConnected(error) || undefined;
  }
}

async function drainComet(base: string, comet: string, tools: DrainTools): Promise<number> {
  const { clock, say } = tools;
  const first = await ask(base, { server: comet }, tools);
  if (first.code !== 0) return refused(first, tools);
  // Its run: the next one may have the same name.
  const { server } = first.data!;
  let left = -1;
  let answer: Answer | undefined = first;
  let answeredMs = clock.monotonicMs();
  while (true) {
    if (answer?.code === 0) {
      answeredMs = clock.monotonicMs();
      const { connections } = answer.data!;
      if (connections !== left) say(`${server}: ${connections} connections are left`);
      left = connections;
    }
    if (answer?.code === -404) {
      say(`${server} has ended`);
      return 0;
    }
    if (isLost(answeredMs, tools)) {
      return lost(server, answer?.message ?? `${base} does not answer`, tools);
    }
    await sleep(clock, ASK_MS);
    answer = await ask(base, { server }, tools).catch(() => undefined);
  }
}

function isLost(answeredMs: number, { clock }: DrainTools): boolean {
  return clock.monotonicMs() - answeredMs > LOST_MS_MAX;
}

function lost(who: string, reason: string, { say }: DrainTools): number {
  say(`halley drain: cannot tell what became of ${who}: ${reason}`, true);
  return 1;
}

function refused({ status, message }: Answer, { say }: DrainTools): number {
  say(`halley drain: ${message}${advice[status] ?? ""}`, true);
  return 1;
}

/** @throws {Error} When there is no answer, or none of Halley. */
async function ask(
  base: string,
  request: { readonly server?: string },
  { fetch, apiKey }: DrainTools,
): Promise<Answer> {
  const headers: Record<string, string> = { "content-type": "application/json" };
  if (apiKey !== undefined && apiKey !== "") headers.authorization = `Bearer ${apiKey}`;
  const response = await fetch(new URL("v1/drain", base), {
    method: "POST",
    headers,
    body: JSON.stringify(request),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const { status } = response;
  const answer = await response.json().catch(() => undefined);
  if (typeof answer?.code === "number") return { status, ...answer };
  throw new Error(`it is no HTTP API of Halley, and answers with status ${status}`);
}
