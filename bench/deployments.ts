import { freePort } from "../tests/support/free_port.ts";
import { Daemon } from "./roles.ts";

/** Servers that are measured from outside, and where they listen. */
export interface Deployment {
  readonly name: string;
  readonly roles: readonly Daemon[];
  readonly httpPort: number;
  readonly tcpPort: number;
  readonly wsPort: number;
  /** Of the job, when it has a process of its own. */
  readonly metricsUrl?: string;
}

const ANY = "127.0.0.1:0";

/** @param flags On top of where it listens. */
export async function startOneProcess(...flags: string[]): Promise<Deployment> {
  const listening = ["--tcp", ANY, "--ws", ANY, "--http", ANY];
  const role = await Daemon.start("listening", "start", ...listening, ...flags);
  return { name: "one process", roles: [role], ...portsOf(role.addresses, role.addresses) };
}

/**
 * Starts a comet, a job, a logic and a Redis, each a process of its own. Needs `redis-server`.
 *
 * @param flags Of every role, on top of where it listens.
 */
export async function startCluster(...flags: string[]): Promise<Deployment> {
  const redisPort = await freePort();
  const redis = `redis://127.0.0.1:${redisPort}`;
  const metrics = `127.0.0.1:${await freePort()}`;
  const store = await Daemon.startRedis(redisPort);
  const own = ["--http", ANY, "--rpc", ANY, ...flags];
  const logic = await Daemon.start("listening", "logic", "--redis", redis, ...own);
  const jobFlags = ["--redis", redis, "--metrics", metrics, ...flags];
  const job = await Daemon.start("reads the push log", "job", ...jobFlags);
  const logics = ["--logic", logic.addresses.rpc];
  const ports = ["--tcp", ANY, "--ws", ANY, "--rpc", ANY, ...flags];
  const comet = await Daemon.start("listening", "comet", ...logics, ...ports);
  return {
    name: "cluster",
    roles: [comet, job, logic, store],
    ...portsOf(comet.addresses, logic.addresses),
    metricsUrl: `http://${metrics}/metrics`,
  };
}

type Addresses = Daemon["addresses"];

function portsOf({ tcp, websocket }: Addresses, { http }: Addresses) {
  const portOf = (url: string) => Number(new URL(url).port);
  return { httpPort: portOf(http), tcpPort: portOf(`tcp://${tcp}`), wsPort: portOf(websocket) };
}

/** CPU time that all roles have used so far, in seconds. */
export function cpuOf({ roles }: Deployment): number {
  return roles.reduce((sum, { cpuS }) => sum + cpuS, 0);
}

export async function stopAll({ roles }: Deployment): Promise<void> {
  for (const role of roles) await role.stop();
}
