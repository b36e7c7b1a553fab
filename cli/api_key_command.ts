import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { type Prng, systemPrng } from "../base/prng.ts";
import { digestOf, type Scope } from "../logic/http/api_keys.ts";
import { optionHelp } from "../options/help.ts";
import { text } from "../options/kinds.ts";
import { ConfigError, merge, Reading } from "../options/reading.ts";
import { keyName, keyScopes, parseApiKeys } from "./api_keys_file.ts";
import { deniedAdvice, reasonOf } from "./permission_hints.ts";

const flags = {
  scopes: { ...keyScopes, name: "scope", text: "What the key is for" },
  file: text({
    name: "file",
    default: "",
    defaultText: "none, the entry is printed",
    placeholder: "FILE",
    range: "a path",
    form: /^/,
    text: "File of api-keys-file, to which the key is added, or whose keys are listed",
  }),
} as const;

/** What `halley api-key --help` prints. */
export const apiKeyHelp = `Makes keys for the HTTP API, and lists those of a file.

Usage: halley api-key new NAME --scope SCOPE,... [--file FILE]
       halley api-key list --file FILE

Examples:
  halley api-key new shop-backend --scope push
  halley api-key new prometheus --scope read --file halley.keys.toml
  KEY=$(halley api-key new moderators --scope push,read,admin --file halley.keys.toml)
  halley api-key list --file halley.keys.toml

A key is shown once: the file has only its SHA-256, from which nobody can find it. Callers show it
as "Authorization: Bearer KEY" or as "X-API-Key: KEY". A server reads the file that the option
api-keys-file names. To take a key back, delete its [[keys]] from the file. On Deno, adding to one
takes "deno run --allow-read=DIR --allow-write=DIR mod.ts api-key", with the directory of the file.

Scopes; none includes another:
  push   POST /goim/push/*, /v1/push
  read   GET /goim/online/*, /goim/nodes/*, /goim/history/room, /metrics
  admin  POST /v1/mute, /v1/unmute, /v1/block, /v1/unblock, /v1/disconnect, /v1/drain; each call has
         a line in the audit log, with the name of its key

NAME is ${keyName.range}.

${Object.values(flags).map((flag) => optionHelp(flag)).join("\n")}`;

/** A key, and how the file has it. */
interface NewKey {
  readonly key: string;
  readonly entry: string;
}

function newKey(name: string, scopes: readonly string[], prng: Prng): NewKey {
  const bits = Uint32Array.from({ length: 8 }, () => prng.nextUint32());
  // The prefix tells people, and programs that look for secrets in code, what it is.
  const key = `halley_${Buffer.from(bits.buffer).toString("base64url")}`;
  const sha256 = Buffer.from(digestOf(key)).toString("hex");
  const list = scopes.map((scope) => `"${scope}"`).join(", ");
  return { key, entry: `[[keys]]\nname = "${name}"\nsha256 = "${sha256}"\nscopes = [${list}]\n` };
}

/**
 * Adds an entry to a file of keys, which is there as a whole before and afterwards. A new file is for
 * its owner's eyes alone; one that exists keeps its owner and mode.
 *
 * @throws {ConfigError} When the file is wrong, or would be.
 */
function addTo(path: string, entry: string): void {
  let old: { readonly toml: string; readonly uid: number; readonly gid: number; mode: number };
  try {
    // Where it is a link, the link stays.
    path = realpathSync(path);
    old = { toml: readFileSync(path, "utf8"), ...owner(path) };
    parseApiKeys(path, old.toml);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") throw error;
    old = { toml: "", uid: -1, gid: -1, mode: 0o600 };
  }
  const gap = old.toml === "" ? "" : old.toml.endsWith("\n") ? "\n" : "\n\n";
  const toml = old.toml + gap + entry;
  parseApiKeys(path, toml);
  const draft = `${path}.new`;
  let file: number;
  try {
    // Fails where another is at it: one of two keys would be lost.
    file = openSync(draft, "wx", 0o600);
  } catch (error) {
    if ((error as { code?: string }).code !== "EEXIST") throw error;
    throw new ConfigError([
      `Cannot write "${draft}": it exists; another adds a key, or was killed`,
    ]);
  }
  try {
    writeSync(file, toml);
    fsyncSync(file);
    closeSync(file);
    chmodSync(draft, old.mode);
    const own = owner(draft);
    if (old.uid >= 0 && (own.uid !== old.uid || own.gid !== old.gid)) {
      chownSync(draft, old.uid, old.gid);
    }
    renameSync(draft, path);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  }
}

function owner(path: string) {
  const { uid, gid, mode } = statSync(path);
  return { uid, gid, mode: mode & 0o777 };
}

/** The keys of a file, a line for each: its name, scopes and the beginning of its SHA-256. */
function listed(path: string): string {
  const keys = parseApiKeys(path, readFileSync(path, "utf8"));
  const width = Math.max(0, ...keys.map(({ name }) => name.length));
  return keys.map(({ name, scopes, digest }) => {
    const start = Buffer.from(digest).toString("hex").slice(0, 12);
    return `${name.padEnd(width)}  ${start}…  ${[...scopes].join(",")}`;
  }).join("\n");
}

/** Why a file cannot be used; on Deno with what takes it, its draft and the rename. */
function reasonFor(file: string, error: unknown): string {
  if (deniedAdvice(error) === undefined) return reasonOf(error);
  const directory = dirname(file);
  return `Deno denies it; add --allow-read=${directory} --allow-write=${directory}`;
}

/**
 * `halley api-key`: the key alone goes to standard output where the file takes its entry, so that a
 * script can keep it.
 *
 * @param say Says something on standard error.
 * @returns What goes to standard output.
 * @throws {ConfigError} When the command line or the file is wrong.
 */
export function apiKeyCommand(
  args: readonly string[],
  say: (text: string) => void,
  prng: Prng = systemPrng(),
): string {
  if (args.length === 0 || args.includes("--help") || args.includes("-h")) return apiKeyHelp;
  const [what, ...rest] = args;
  if (what !== "new" && what !== "list") {
    throw new ConfigError([`there is no api-key ${what}; see halley api-key --help`]);
  }
  const [name = "", ...others] = what === "new" ? rest : ["", ...rest];
  const reading = new Reading(flags);
  const { mistakes } = reading;
  reading.readFlags(name.startsWith("-") ? rest : others);
  const { scopes, file } = merge(flags, [reading], { hostname: () => "" }).values;
  if (what === "list" && file === "") mistakes.push(`--file: must be given: ${flags.file.range}`);
  if (what === "new") {
    if (keyName.read(name, () => {}) === undefined || name.startsWith("-")) {
      mistakes.unshift(`NAME = "${name}": must be ${keyName.range}, before the flags`);
    }
    if (scopes === undefined && !mistakes.some((text) => text.startsWith("--scope"))) {
      mistakes.push(`--scope: must be given: ${flags.scopes.range}`);
    }
  }
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  try {
    if (what === "list") return listed(file);
    const { key, entry } = newKey(name, scopes as readonly Scope[], prng);
    if (file === "") return `${key}\n\n${entry.trimEnd()}`;
    addTo(file, entry);
    say(`${name} is in ${file}; this is its key, which is not shown again:`);
    return key;
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`Cannot use "${file}": ${reasonFor(file, error)}`]);
  }
}
