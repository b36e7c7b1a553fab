import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { getLogger } from "@logtape/logtape";
import type { ConnHandler, Streams } from "./port.ts";

const log = getLogger(["halley", "platform"]);

/** Where something listens, or should. */
interface Target {
  readonly hostname: string;
  readonly port: number;
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EADDRINUSE: "address already in use",
  EADDRNOTAVAIL: "address not available",
  ECONNREFUSED: "connection refused",
  ECONNRESET: "connection reset",
  EHOSTUNREACH: "no route to host",
  EMFILE: "too many open files",
  ENETUNREACH: "network unreachable",
  ENOENT: "no such file or directory",
  ENOTFOUND: "unknown host name",
  EPERM: "permission denied",
  ETIMEDOUT: "timed out",
};

/** An address as people write it: `127.0.0.1:3101`, `[::1]:3101`, `unix:/run/a.sock`. */
export function hostPort({ hostname, port }: Target): string {
  if (hostname.startsWith("unix:")) return hostname;
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** The first line of an error's message. */
export function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1)[0];
}

/**
 * Refuses a port that no system has, before the runtimes do in words of their own.
 *
 * @param action `listen on` or `connect to`.
 * @param portMin The least port, 0 where any free one will do.
 * @throws {Error} When the port is out of range.
 */
export function checkPort(action: string, target: Target, portMin: number): void {
  const { hostname, port } = target;
  if (hostname.startsWith("unix:")) return;
  if (Number.isInteger(port) && port >= portMin && port <= 65535) return;
  throw new Error(
    `Cannot ${action} ${hostPort(target)}: port must be ${portMin} to 65535, ` +
      `current value is ${port}`,
  );
}

/**
 * One line for a port that could not be opened or reached, the same on every runtime.
 *
 * @param action `listen on` or `connect to`.
 * @param cause What the runtime threw.
 */
export async function portError(action: string, target: Target, cause: unknown): Promise<Error> {
  const reason = await portReason(target.hostname, cause);
  return new Error(`Cannot ${action} ${hostPort(target)}: ${reason}`, { cause });
}

/** Lets streams refuse ports, and say what went wrong, in the same words on every runtime. */
export function withPortErrors(streams: Streams): Streams {
  return {
    async listen(options) {
      checkPort("listen on", options, 0);
      try {
        return await streams.listen(options);
      } catch (error) {
        throw await portError("listen on", options, error);
      }
    },
    async dial(options) {
      checkPort("connect to", options, 1);
      try {
        return await streams.dial(options);
      } catch (error) {
        throw await portError("connect to", options, error);
      }
    },
  };
}

async function portReason(hostname: string, cause: unknown): Promise<string> {
  const denied = deniedReason(cause);
  if (denied !== undefined) return denied;
  const reason = reasons[(cause as { code?: string }).code ?? ""];
  if (reason !== undefined) return reason;
  // The runtimes say too little about a name that does not resolve.
  const known = isIP(hostname) !== 0 || hostname.startsWith("unix:") ||
    await lookup(hostname).then(() => true, () => false);
  return known ? oneLine(cause) : reasons.ENOTFOUND;
}

/** Why Deno's permissions refused something, or undefined when it is not that. */
export function deniedReason(cause: unknown): string | undefined {
  if (!(cause instanceof Error) || cause.name !== "NotCapable") return undefined;
  return `permission denied (${oneLine(cause)})`;
}

/** Says that an owner's callback threw; a bug of ours, which costs the one connection. */
export function reportHandlerFault(callback: keyof ConnHandler, error: unknown): void {
  log.error("closing a connection, its {callback} handler failed: {reason}", {
    callback,
    reason: oneLine(error),
  });
}
