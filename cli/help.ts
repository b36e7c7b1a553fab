import { helpText } from "./config/document.ts";

/** What `halley --help` prints. */
export const generalHelp = `Halley, a real-time push server.

Usage: halley COMMAND [FLAG]...

Commands:
  start         run the server in this process, with nothing else needed
  check-config  print the configuration and where each value comes from

Flags:
  --help        this text, or after a command, that command's flags
  --version     the version

"halley" stands for "bun mod.ts" or "deno run -P=server mod.ts".

Examples:
  halley start
  halley start --help
  halley start --tcp 127.0.0.1:3101 --ws 127.0.0.1:3102 --http 127.0.0.1:3111
  halley check-config --config halley.toml`;

function commandHelp(command: string, summary: string, examples: readonly string[]): string {
  return `${summary}

Usage: halley ${command} [FLAG]...

Examples:
${examples.map((example) => `  ${example}`).join("\n")}

An option has one name: a flag, a key in the TOML file (its table is in brackets below), and an
environment variable. A flag counts over a variable, a variable over the file.

  --config FILE
      TOML file to read
      default: none; HALLEY_CONFIG

${helpText()}`;
}

/** What `halley COMMAND --help` prints. */
export const commandHelps = {
  "start": commandHelp("start", "Runs the server: all roles in this process, data in memory.", [
    "halley start",
    "halley start --tcp 127.0.0.1:3101 --ws 127.0.0.1:3102",
    "halley start --config halley.toml --log-format json",
    "HALLEY_API_KEY=change-this halley start --http 0.0.0.0:3111",
  ]),
  "check-config": commandHelp(
    "check-config",
    "Prints the configuration that start would use, and where each value comes from.\n" +
      "With mistakes in it, prints all of them and ends with code 2.",
    ["halley check-config --config halley.toml", "HALLEY_WEIGHT=20 halley check-config"],
  ),
} as const;
