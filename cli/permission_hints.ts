import type { Process } from "../platform/port.ts";

/**
 * Sees to it that this process may call a URL.
 *
 * @param name The option that has it.
 * @throws {Error} With a one-line message when the runtime does not let it.
 */
export function checkMayConnect(name: string, url: string, process: Process): void {
  const { protocol, hostname, port } = new URL(url);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  if (process.mayConnect(host)) return;
  throw new Error(
    `Cannot call ${name}: Deno denies net access to "${host}"; add --allow-net=${host}, with ` +
      `all that is listened on`,
  );
}

/**
 * Says what to do about a permission that Deno denies.
 *
 * @param error What was thrown; its causes are looked at too.
 * @returns One line that names the flags to add, or undefined when it is something else.
 */
export function deniedAdvice(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name !== "NotCapable") return deniedAdvice(error.cause);
  const found = /Requires (\w+) access(?: to "([^"]*)")?.*(--allow-\w+)/.exec(error.message);
  if (found === null) return error.message.split("\n")[0];
  const [, kind, target, flag] = found;
  if (target === undefined) return `Deno denies ${kind} access; add ${flag}`;
  // What is written to is read as well, which would be denied next.
  const flags = kind === "write" ? ["--allow-read", flag] : [flag];
  const missing = flags.map((name) => `${name}=${target}`).join(" ");
  return `Deno denies ${kind} access to "${target}"; add ${missing}`;
}

/** An error in one line. */
export function inOneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return deniedAdvice(error) ?? message.split("\n")[0];
}

/** Why a file cannot be read, in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES") return "permission denied";
  if (code === "EISDIR") return "it is a directory";
  return deniedAdvice(error) ?? message;
}
