import { readdirSync, readFileSync } from "node:fs";

/** Most files that a process may have open where the system does not say. */
const OPEN_FILES_USUAL = 10_000;

/** Files that a process needs beside one for each connection. */
const OTHER_FILES = 200;

/** Clients that one process takes with ease, when there are processors for more. */
const CLIENTS_PER_PROCESS = 5_000;

/** Most processes of clients that are started unasked. */
const PROCESSES_MAX = 64;

/** Ticks of the kernel's clock in a second, by which it counts CPU time. */
const TICKS_PER_S = 100;

/**
 * Share of the ports to one address that clients may need. A port is taken for a minute after its
 * connection, and the system looks long for a free one where most are taken: all must be able to
 * come back at once.
 */
const PORTS_USED_MAX = 0.4;

/** What a run needs of the machine. */
interface Need {
  readonly clients: number;
  /** Client processes; undefined for as many as are needed. */
  readonly workers: number | undefined;
  readonly cpuCount: number;
  /** Most files that a process may have open; undefined where the system does not say. */
  readonly openFilesMax: number | undefined;
  /** Ports that connections to one address may come from. */
  readonly portsPerAddress: number;
  /** Where the server is reached; undefined where any address of loopback leads to it. */
  readonly targets: number | undefined;
  /** Whether the server is the run's own. */
  readonly isOwn: boolean;
}

/** How a run is spread over the machine. */
export interface Spread {
  /** Client processes. */
  readonly processes: number;
  /** Worker processes of the run's own server; 0 for none. */
  readonly serverWorkers: number;
  /** Addresses that clients connect to, in turn. */
  readonly addresses: number;
  /** How many connections there are ports for. */
  readonly clientsMax: number;
}

/**
 * Works out how to spread a run over processes and addresses.
 *
 * @throws {Error} When a process may have too few open files.
 */
export function spreadOver({ clients, workers, openFilesMax, ...need }: Need): Spread {
  const files = openFilesMax ?? OPEN_FILES_USUAL;
  const perProcess = Math.max(1, files - OTHER_FILES);
  const least = Math.ceil(clients / perProcess);
  const most = workers ?? PROCESSES_MAX;
  if (least > most) {
    throw new Error(
      `Cannot run: ${clients} clients need ${least} processes of ${files} open files each, ` +
        `more than ${most}: raise "ulimit -n"${workers === undefined ? "" : " or --workers"}`,
    );
  }
  const usual = Math.ceil(clients / CLIENTS_PER_PROCESS);
  const { portsPerAddress } = need;
  const addresses = need.targets ?? Math.ceil(clients / (PORTS_USED_MAX * portsPerAddress));
  return {
    processes: workers ?? Math.max(1, least, Math.min(usual, need.cpuCount)),
    serverWorkers: need.isOwn && clients > perProcess ? least + 1 : 0,
    addresses,
    clientsMax: addresses * portsPerAddress,
  };
}

/** What a system with `/proc` says; undefined on another. */
function ofSystem<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** From how many ports this machine connects to one address. */
export function portsPerAddress(): number {
  return ofSystem(() => {
    const text = readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8");
    const [first, last] = text.trim().split(/\s+/).map(Number);
    return last - first + 1;
  }) ?? 28_232;
}

/** A size of a file of `/proc`, in bytes. */
function bytesOf(file: string, name: string): number {
  const text = readFileSync(`/proc/${file}`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)![1]) * 1024;
}

/** Which share of this machine's memory is free; undefined where the system does not say. */
export function freeMemoryShare(): number | undefined {
  return ofSystem(() => bytesOf("meminfo", "MemAvailable") / bytesOf("meminfo", "MemTotal"));
}

export interface Usage {
  readonly cpuS: number;
  readonly rssBytes: number;
}

/** What a process and its children use; undefined where the system does not say. */
export function usageOf(pid: number): Usage | undefined {
  return ofSystem(() => {
    let cpuS = 0;
    let rssBytes = 0;
    for (const one of [pid, ...childrenOf(pid)]) {
      const fields = statOf(one);
      cpuS += (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
      // Does not depend on the size of pages.
      rssBytes += bytesOf(`${one}/status`, "VmRSS");
    }
    return { cpuS, rssBytes };
  });
}

/** The fields of a process from the third on, as `proc(5)` counts them. */
function statOf(pid: number): string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function childrenOf(pid: number): number[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number)
    // One may have gone meanwhile.
    .filter((child) => ofSystem(() => Number(statOf(child)[1])) === pid);
}
