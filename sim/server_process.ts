import process from "node:process";
import { sleep } from "../base/clock.ts";
import type { Child, ConnHandler, Process, Streams } from "../platform/port.ts";
import { preciseClock } from "../platform/system_clock.ts";
import { parseClientAddress } from "./client_address.ts";

/** How long the server may take to come up, in milliseconds. */
const START_MS = 30_000;

/**
 * How often it is tried: others, such as clients of this machine, may take a port between its being
 * found free and its being listened on.
 */
const TRIES = 5;

/** What a server ends with when it cannot listen. */
const CANNOT_START = 1;

/** How long a process may take to end, in milliseconds. */
const END_MS = 15_000;

const nobody: ConnHandler = {
  open: (conn) => conn.evict(),
  data() {},
  drain() {},
  end() {},
  close() {},
};

/** The server has ended, or answers no more: the run is over, and this is what it found. */
export class ServerFailed extends Error {
  override readonly name = "ServerFailed";
}

/** The server that a run drives. */
export interface ServerUnderTest {
  /** Where clients connect, as `tcp://…` or `ws://…`; `{host}` stands for any of loopback's. */
  readonly targets: readonly string[];
  /** Of its HTTP API. */
  readonly apiUrls: readonly string[];
  /** The process, when it is the run's own. */
  readonly child: Child | undefined;
}

/**
 * A server that runs already.
 *
 * @param targets Where clients connect. Where all of loopback leads there, `{host}` will stand.
 */
export async function findServer(
  streams: Streams,
  targets: readonly string[],
  apiUrls: readonly string[],
): Promise<ServerUnderTest> {
  const widened = targets.map((target) => {
    const { transport, host, port } = parseClientAddress(target)!;
    if (host !== "localhost" && host !== "127.0.0.1") return target;
    // A server listens on this address of loopback when it listens on all.
    const probe = { hostname: "127.0.0.2", port, pendingBytesMax: 0, handler: nobody };
    return streams.dial(probe).then(() => `${transport}://{host}:${port}`, () => target);
  });
  return { targets: await Promise.all(widened), apiUrls, child: undefined };
}

interface LaunchDependencies {
  readonly streams: Streams;
  /** Runs this program once more. */
  readonly spawn: Process["spawn"];
  /** Of the server; 0 for none. */
  readonly workers: number;
  /** Whether clients go to more addresses than 127.0.0.1. */
  readonly isWide: boolean;
  /** How often its clients send heartbeats. */
  readonly heartbeatMs: number;
  /** What its rooms are like, as its configuration file says it. */
  readonly rooms: string;
}

/** Where the run's own server finds its configuration file. */
export const SERVER_VARIABLE = "HALLEY_SIM_SERVER";

/** Some ports that nobody listens on, each another. */
async function freePorts(streams: Streams, count: number): Promise<number[]> {
  const options = { hostname: "0.0.0.0", port: 0, pendingBytesMax: 0, handler: nobody };
  const listeners = await Promise.all(Array.from({ length: count }, () => streams.listen(options)));
  for (const listener of listeners) await listener.close();
  return listeners.map(({ address }) => address.port);
}

/**
 * Starts a server in a process of its own.
 *
 * @throws {Error} When it does not come up.
 */
export async function launchServer(parts: LaunchDependencies): Promise<ServerUnderTest> {
  let launched = await tryLaunch(parts);
  for (let tries = 1; launched === CANNOT_START && tries < TRIES; tries++) {
    launched = await tryLaunch(parts);
  }
  if (typeof launched === "object") return launched;
  throw new Error(`Cannot run: the server ended with ${launched}`);
}

/** @returns The server, or what it ended with. */
async function tryLaunch(parts: LaunchDependencies): Promise<ServerUnderTest | number | string> {
  const { streams, spawn, workers, isWide, heartbeatMs, rooms } = parts;
  const hostname = isWide ? "0.0.0.0" : "127.0.0.1";
  const [tcp, ws, http] = await freePorts(streams, 3);
  const apiUrl = `http://127.0.0.1:${http}`;
  const child = spawn([
    "sim-server",
    String(process.pid),
    ...["--tcp", `${hostname}:${tcp}`, "--ws", `${hostname}:${ws}`, "--http", `127.0.0.1:${http}`],
    ...["--workers", String(workers), "--log-level", "error", "--id", "sim"],
    ...["--heartbeat-interval", `${heartbeatMs}ms`, "--heartbeat-max", "2"],
    ...["--config", SERVER_VARIABLE],
  ], { [SERVER_VARIABLE]: rooms });
  let ended: number | string | undefined;
  void child.ended.then((how) => ended = how);
  const deadlineMs = preciseClock.monotonicMs() + START_MS;
  while (preciseClock.monotonicMs() < deadlineMs) {
    const ready = await fetch(`${apiUrl}/readyz`).then(({ ok }) => ok, () => false);
    if (ready) {
      const targets = [`tcp://{host}:${tcp}`, `ws://{host}:${ws}`];
      return { targets, apiUrls: [apiUrl], child };
    }
    if (ended !== undefined) return ended;
    await sleep(preciseClock, 50);
  }
  child.kill("SIGKILL");
  throw new Error(`Cannot run: the server must be up within ${START_MS / 1000} s`);
}

/** Ends a process, by force when it does not end by itself, and settles when it has gone. */
export async function endChild(child: Child): Promise<void> {
  child.kill("SIGTERM");
  const force = preciseClock.setTimeout(() => child.kill("SIGKILL"), END_MS);
  await child.ended;
  preciseClock.cancel(force);
}
