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
