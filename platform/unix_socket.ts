import { chmodSync, statSync, unlinkSync } from "node:fs";
import type { Address } from "./port.ts";

/** The longest path that Linux and macOS both take, in bytes. */
const pathBytesMax = 103;

/**
 * The path of a unix socket.
 *
 * @param address `unix:` and the path for a host name.
 * @returns Nothing when it is an address of a network.
 * @throws {Error} When the path is none that a system takes.
 */
export function unixPath({ hostname }: Pick<Address, "hostname">): string | undefined {
  if (!hostname.startsWith("unix:")) return undefined;
  const path = hostname.slice("unix:".length);
  const length = new TextEncoder().encode(path).length;
  if (path.startsWith("/") && length <= pathBytesMax) return path;
  throw new Error(
    `Cannot use unix socket "${path}": its path must begin with / and have at most ` +
      `${pathBytesMax} bytes, current length is ${length}`,
  );
}

/** Removes the file of a socket; one that has gone is ignored. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has gone, or is another's: then listening says so.
  }
}

/**
 * Opens a unix socket, in place of one that a process left behind when it was killed.
 *
 * @param path Where.
 * @param open Opens it; throws when the file is there.
 * @param answers Whether somebody listens there.
 */
export async function openUnixSocket<Opened>(
  path: string,
  open: () => Opened,
  answers: () => Promise<boolean>,
): Promise<Opened> {
  let opened: Opened;
  try {
    opened = open();
  } catch (error) {
    const isTaken = (error as { code?: string }).code === "EADDRINUSE";
    if (!isTaken || !statSync(path).isSocket() || await answers()) throw error;
    removeSocket(path);
    opened = open();
  }
  // Nobody but our own user is to connect.
  chmodSync(path, 0o600);
  return opened;
}
