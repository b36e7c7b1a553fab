import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { TlsCertificate } from "../port.ts";
import { scriptArgs } from "../select.ts";

/** An echo server in a process of its own. */
interface EchoChild {
  readonly child: ChildProcess;
  readonly port: number;
}

/**
 * Starts the echo server on this runtime and waits until it listens.
 *
 * @param openFilesMax Most files that it may have open.
 * @param exitCode What it exits with when it is told to stop.
 * @param tls Makes it speak TLS.
 */
export async function startEchoServer(
  openFilesMax: number,
  exitCode: number,
  tls?: TlsCertificate,
): Promise<EchoChild> {
  const script = fileURLToPath(new URL("./echo_server.ts", import.meta.url));
  const limited = `ulimit -n ${openFilesMax}; exec "$0" "$@"`;
  const args = ["-c", limited, process.execPath, ...scriptArgs, script, String(exitCode)];
  if (tls !== undefined) args.push(JSON.stringify(tls));
  const child = spawn("sh", args, { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout!, "data");
  return { child, port: Number(String(line)) };
}
