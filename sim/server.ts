import { type Clock, sleep } from "../base/clock.ts";
import type { Child, ConnHandler, Platform } from "../platform/port.ts";

/** How long the server may take to come up, in milliseconds. */
const START_MS = 30_000;

/** A server to be driven. */
export interface Target {
  /** Where clients connect, by transport; on loopback with `{host}` for its address. */
  readonly tcp: string | undefined;
  readonly ws: string | undefined;
  readonly api: string;
  /** The process, when it is the run's own. */
  readonly child: Child | undefined;
}

const nobody: ConnHandler = {
  open: (conn) => conn.evict(),
  data() {},
  drain() {},
  end() {},
  close() {},
};

async function freePort({ streams }: Platform): Promise<number> {
  const options = { hostname: "0.0.0.0", port: 0, pendingBytesMax: 0, handler: nobody };
  const listener = await streams.listen(options);
  await listener.close();
  return listener.address.port;
}

/**
 * Starts a server in a process of its own.
 *
 * @param workers Of the server; 0 for none.
 * @param heartbeatMs How often its clients are to beat.
 * @throws {Error} When it does not come up.
 */
export async function startTarget(
  platform: Platform,
  clock: Clock,
  workers: number,
  heartbeatMs: number,
): Promise<Target> {
  const [tcp, ws, http] = [
    await freePort(platform),
    await freePort(platform),
    await freePort(platform),
  ];
  const api = `http://127.0.0.1:${http}`;
  const child = platform.process.spawn([
    "start",
    ...["--tcp", `0.0.0.0:${tcp}`, "--ws", `0.0.0.0:${ws}`, "--http", `127.0.0.1:${http}`],
    ...["--workers", String(workers), "--log-level", "error", "--id", "sim"],
    ...["--heartbeat-interval", `${heartbeatMs}ms`, "--heartbeat-max", "2"],
  ], {});
  let ended: number | string | undefined;
  void child.ended.then((how) => ended = how);
  for (const deadlineMs = clock.monotonicMs() + START_MS;;) {
    const ready = await fetch(`${api}/readyz`).then(({ ok }) => ok, () => false);
    if (ready) return { tcp: `tcp://{host}:${tcp}`, ws: `ws://{host}:${ws}`, api, child };
    if (ended !== undefined) throw new Error(`Cannot run: the server ended with ${ended}`);
    if (clock.monotonicMs() > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`Cannot run: the server must be up within ${START_MS / 1000} s`);
    }
    await sleep(clock, 50);
  }
}

/** A server that runs already. */
export function givenTarget(targets: readonly string[], api: string): Target {
  const first = (scheme: string) => targets.find((target) => target.startsWith(`${scheme}:`));
  return { tcp: first("tcp"), ws: first("ws"), api, child: undefined };
}
