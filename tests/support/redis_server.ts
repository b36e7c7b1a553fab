import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free_port.ts";
import { within } from "./raw_client.ts";

/** How long a server may take to start or stop, in milliseconds. */
const DEADLINE_MS = 20_000;

/** How a {@linkcode RedisServer} is started. */
export interface RedisOptions {
  /** Whether every write is on disk before it is answered. */
  readonly appendOnly?: boolean;
  /** Whether it is a Sentinel. */
  readonly sentinel?: boolean;
  /** Further arguments of `redis-server`; `--port` among them replaces the free one. */
  readonly args?: readonly string[];
}

/** Runs `redis-cli` and returns what it printed. */
export function redisCli(port: number, ...args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("redis-cli", ["-p", String(port), ...args], (error, stdout) => {
      if (error === null) resolve(stdout.trim());
      else reject(error);
    });
  });
}

/** A real Redis in a process of its own, with data in a folder of its own. */
export class RedisServer {
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(
    readonly port: number,
    private readonly folder: string,
    private readonly options: RedisOptions,
  ) {}

  /** Starts one on a free port of this machine. */
  static async start(options: RedisOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), "halley-redis-"));
    const server = new RedisServer(await freePort(), folder, options);
    try {
      await server.restart();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.#child!.pid!;
  }

  /** Sends a signal; settles after SIGKILL and SIGTERM when the process has gone. */
  async signal(signal: "SIGSTOP" | "SIGCONT" | "SIGTERM" | "SIGKILL"): Promise<void> {
    process.kill(this.pid, signal);
    if (signal === "SIGTERM" || signal === "SIGKILL") {
      await within("the end of Redis", this.#ended, DEADLINE_MS);
      this.#child = undefined;
    }
  }

  /** Starts it on its port and with its data after it has gone. */
  async restart(): Promise<void> {
    const { appendOnly = false, sentinel = false, args = [] } = this.options;
    const own = ["--port", String(this.port), "--bind", "127.0.0.1", "--dir", this.folder];
    // A Sentinel writes down what it learns.
    const config = join(this.folder, "sentinel.conf");
    if (sentinel) await writeFile(config, "", { flag: "a" });
    const kind = sentinel ? [config, ...own, "--sentinel"] : [...own, "--save", ""];
    const persistence = appendOnly ? ["--appendonly", "yes", "--appendfsync", "always"] : [];
    const child = spawn("redis-server", [...kind, ...persistence, ...args], { stdio: "ignore" });
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      child.once("exit", () => resolve());
      child.once("error", () => resolve());
    });
    await within("the start of Redis", this.#answers(), DEADLINE_MS);
  }

  /** Removes its data while it is gone: the next start begins with nothing. */
  async forget(): Promise<void> {
    await rm(this.folder, { recursive: true });
    await mkdir(this.folder);
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child?.pid !== undefined && child.exitCode === null && child.signalCode === null) {
      process.kill(child.pid, "SIGCONT");
      process.kill(child.pid, "SIGKILL");
    }
    await this.#ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  async #answers(): Promise<void> {
    while (!await accepts(this.port)) {
      const { exitCode } = this.#child!;
      if (exitCode !== null) throw new Error(`redis-server ended with code ${exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** Whether a server accepts connections, and answers where it speaks plain text. */
function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1" });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("error", () => end(false));
    socket.once("connect", () => socket.write("PING\r\n"));
    // One that is loading its data says so, one with TLS hangs up.
    socket.on("data", (data) => end(!data.toString().startsWith("-LOADING")));
    socket.once("close", () => resolve(true));
  });
}

/** Servers that belong together. */
export interface RedisGroup {
  readonly servers: readonly RedisServer[];
  /** What `openRedisStore` takes. */
  readonly url: string;
  stop(): Promise<void>;
}

function hostsOf(servers: readonly RedisServer[]): string {
  return servers.map(({ port }) => `127.0.0.1:${port}`).join(",");
}

async function stopAll(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

/** Starts a Redis Cluster of three masters. */
export async function startRedisCluster(): Promise<RedisGroup> {
  const servers: RedisServer[] = [];
  try {
    for (let index = 0; index < 3; index++) {
      const args = ["--cluster-enabled", "yes", "--cluster-port", String(await freePort())];
      servers.push(await RedisServer.start({ args }));
    }
    const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
    await redisCli(servers[0].port, "--cluster", "create", ...nodes, "--cluster-yes");
    const isUp = async ({ port }: RedisServer) =>
      (await redisCli(port, "CLUSTER", "INFO")).includes("cluster_state:ok");
    const allUp = async () => {
      while (!(await Promise.all(servers.map(isUp))).every((up) => up)) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await within("the start of the Redis Cluster", allUp(), 3 * DEADLINE_MS);
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
  const url = `redis-cluster://${hostsOf(servers)}`;
  return { servers, url, stop: () => stopAll(servers) };
}

/** Starts a master, a replica of it and a Sentinel that watches them, in this order. */
export async function startRedisSentinel(): Promise<RedisGroup> {
  const servers: RedisServer[] = [];
  try {
    const master = await RedisServer.start();
    servers.push(master);
    const of = ["--replicaof", "127.0.0.1", String(master.port)];
    servers.push(await RedisServer.start({ args: of }));
    const sentinel = await RedisServer.start({ sentinel: true });
    servers.push(sentinel);
    const set = (...args: string[]) => redisCli(sentinel.port, "SENTINEL", ...args);
    await set("MONITOR", "halley", "127.0.0.1", String(master.port), "1");
    await set("SET", "halley", "down-after-milliseconds", "500");
    await set("SET", "halley", "failover-timeout", "3000");
    const knowsReplica = async () => {
      while (!(await set("REPLICAS", "halley")).includes("127.0.0.1")) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await within("the Sentinel to know the replica", knowsReplica(), 2 * DEADLINE_MS);
  } catch (error) {
    await stopAll(servers);
    throw error;
  }
  const url = `redis-sentinel://127.0.0.1:${servers[2].port}/halley`;
  return { servers, url, stop: () => stopAll(servers) };
}
