import { flagOf, optionHelp } from "../options/help.ts";
import { configFile } from "./config/options.ts";
import { helpText } from "./config/render.ts";
import { variableOf } from "./config/schema.ts";

/** What `halley --help` prints. */
export const generalHelp = `Halley, a real-time push server.

Usage: halley COMMAND [FLAG]...

Commands:
  start         run the server: every role at once, with nothing else needed
  comet         run one comet of a cluster: holds the clients' connections
  logic         run one logic of a cluster: takes pushes, knows who is online
  job           run one job of a cluster: carries pushes to the comets
  sim           drive a server with thousands of virtual clients, and check every delivery
  api-key       make a key for the HTTP API, or list those that there are
  token         make a token for auth = "jwt"
  check-token   explain such a token, and say whether its bearer is let in
  drain         have a comet or a logic end without loss, and wait until it has
  check-config  print the configuration and where each value comes from

Flags:
  --help        this text, or after a command, that command's flags
  --version     the version

"halley" stands for "bun mod.ts" or "deno run -P=server mod.ts".

Examples:
  halley start
  halley start --help
  halley start --tcp 127.0.0.1:3101 --ws 127.0.0.1:3102 --http 127.0.0.1:3111
  halley start --workers auto
  halley logic --redis redis://127.0.0.1:6379
  halley job --redis redis://127.0.0.1:6379
  halley comet --logic 127.0.0.1:3119 --id comet-1
  halley check-config --config halley.toml`;

function commandHelp(
  command: string,
  summary: string,
  examples: readonly string[],
  leftOut: readonly string[] = [],
): string {
  return `${summary}

Usage: halley ${command} [FLAG]...

Examples:
${examples.map((example) => `  ${example}`).join("\n")}

An option has one name: a flag, a key in the TOML file (its table is in brackets below), and an
environment variable. A flag counts over a variable, a variable over the file.

${optionHelp(configFile, flagOf(configFile), variableOf(configFile))}

${helpText(leftOut)}`;
}

const cluster = "All roles of a cluster may read the same file: each takes what concerns it.";

/** What `halley COMMAND --help` prints. */
export const commandHelps = {
  "start": commandHelp(
    "start",
    "Runs the server: every role, data in memory, nothing else needed.\n" +
      "With --workers, the connections are spread over processes that share the ports.",
    [
      "halley start",
      "halley start --workers auto",
      "halley start --tcp 127.0.0.1:3101 --ws 127.0.0.1:3102",
      "halley start --config halley.toml --log-format json",
      "halley start --http 0.0.0.0:3111 --api-keys-file halley.keys.toml",
    ],
    ["cluster"],
  ),
  "comet": commandHelp(
    "comet",
    "Runs one comet of a cluster: it holds the clients' connections and asks logic who they are.\n" +
      "It waits for a logic, and opens its ports when every job can know of it.\n" + cluster,
    [
      "halley comet --logic 127.0.0.1:3119 --id comet-1",
      "HALLEY_CLUSTER_SECRET=change-this halley comet --logic 10.0.0.1:3119,10.0.0.2:3119 \\\n" +
      "    --rpc 0.0.0.0:3109 --advertise-rpc 10.0.0.3:3109 --id comet-1",
    ],
    ["api", "sessions", "push", "balancer"],
  ),
  "logic": commandHelp(
    "logic",
    "Runs one logic of a cluster: it serves the HTTP API, takes pushes into Redis, and lets clients\n" +
      "in. It waits for Redis.\n" + cluster,
    [
      "halley logic --redis redis://127.0.0.1:6379",
      "HALLEY_API_KEY=change-this HALLEY_CLUSTER_SECRET=change-this \\\n" +
      "    halley logic --redis rediss://user:password@10.0.0.9 --http 0.0.0.0:3111 --rpc 0.0.0.0:3119",
    ],
    ["comet", "rooms"],
  ),
  "job": commandHelp(
    "job",
    "Runs one job of a cluster: it reads its share of the pushes from Redis and carries them to the\n" +
      "comets. It waits for Redis, and finds the comets there.\n" + cluster,
    ["halley job --redis redis://127.0.0.1:6379"],
    ["listeners", "api", "comet", "rooms", "sessions", "balancer"],
  ),
  "check-config": commandHelp(
    "check-config",
    "Prints the configuration that start would use, and where each value comes from; after the name\n" +
      "of a role (comet, logic, job), that role's. With mistakes in it, prints all of them and ends\n" +
      "with code 2.",
    [
      "halley check-config --config halley.toml",
      "halley check-config logic --config halley.toml",
      "HALLEY_WEIGHT=20 halley check-config",
    ],
  ),
} as const;
