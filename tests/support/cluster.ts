import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAddress } from "../../options/address.ts";
import { partitionOf } from "../../protocol/push_message.ts";
import type { ClientPorts } from "./cluster_clients.ts";
import { freePort } from "./free_port.ts";
import { redisCli, RedisServer } from "./redis_server.ts";
import { ANY_PORT, type Program, type RoleOptions, RoleProcess } from "./role_process.ts";
import type { PushTarget } from "./room_pusher.ts";

/** Partitions of the push log, where nothing else is said. */
const PARTITIONS = 8;

/** How often the memory of each process is looked at, in milliseconds. */
const SAMPLE_MS = 200;

/** How much a process may take beyond what it took when all were up, in bytes. */
const GROWTH_BYTES_MAX = 128 * 2 ** 20;

/** What a cluster is made of. */
export interface ClusterOptions {
  readonly logics?: number;
  readonly comets?: number;
  readonly jobs?: number;
  /** Configuration of all roles in TOML; what flags say comes first. */
  readonly config?: string;
  /** Where comets reach the logics, given where these listen. */
  readonly logicAddresses?: (rpc: readonly string[]) => Promise<readonly string[]>;
  /** Further flags of one comet, given where its RPC listens. */
  readonly cometFlags?: (index: number, rpc: string) => Promise<Record<string, string>>;
  /** What runs the roles; Halley from its sources where nothing is said. */
  readonly program?: Program;
  /** Stops what else was started for it. */
  readonly stop?: () => Promise<void>;
}

/** Highest and first memory of a run of a process, in bytes. */
interface MemoryUse {
  readonly name: string;
  readonly first: number;
  most: number;
}

/** A Redis that keeps all it acknowledged, and roles in processes of their own around it. */
export class Cluster {
  readonly logics: RoleProcess[] = [];
  readonly comets: RoleProcess[] = [];
  readonly jobs: RoleProcess[] = [];
  /** By process id. */
  readonly #memory = new Map<number, MemoryUse>();
  /** Where the configuration is, if there is one. */
  #folder: string | undefined;
  #commonFlags: Readonly<Record<string, string>> = {};
  #sampling: ReturnType<typeof setInterval> | undefined;

  private constructor(
    readonly redis: RedisServer,
    private readonly program: Program | undefined,
    private readonly stopRest?: () => Promise<void>,
  ) {}

  /** Starts all of it, and settles when clients may come. */
  static async start(
    { logics = 2, comets = 3, jobs = 2, ...options }: ClusterOptions = {},
  ): Promise<Cluster> {
    const { config, logicAddresses, cometFlags, program, stop } = options;
    const redis = await RedisServer.start({ appendOnly: true });
    const cluster = new Cluster(redis, program, stop);
    try {
      if (config !== undefined) await cluster.#configure(config);
      for (let index = 0; index < logics; index++) cluster.#addLogic(index);
      for (let index = 0; index < jobs; index++) cluster.#addJob(index);
      await startAll([...cluster.logics, ...cluster.jobs]);
      const rpc = cluster.logics.map(({ addresses }) => addresses.rpc);
      const logic = (await logicAddresses?.(rpc) ?? rpc).join(",");
      for (let index = 0; index < comets; index++) {
        await cluster.#addComet(index, logic, cometFlags);
      }
      await startAll(cluster.comets);
      await cluster.#sample();
      cluster.#sampling = setInterval(() => void cluster.#sample(), SAMPLE_MS);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Where clients reach the comets. */
  get clientPorts(): ClientPorts[] {
    return this.comets.map(({ addresses: { tcp, websocket } }) => ({
      tcp: parseAddress(tcp)!.port,
      ws: Number(new URL(websocket).port),
    }));
  }

  /** Where back ends reach the logics. */
  get pushTargets(): PushTarget[] {
    return this.logics.map(({ addresses: { http } }) => {
      const { hostname, port } = new URL(http);
      return { hostname, port: Number(port) };
    });
  }

  /** Asks a logic, by its HTTP API. */
  async call(logic: number, method: "GET" | "POST", path: string, body?: string): Promise<unknown> {
    const url = `${this.logics[logic].addresses.http}/goim/${path}`;
    const signal = AbortSignal.timeout(10_000);
    const answer = await (await fetch(url, { method, body, signal })).json();
    assert.equal(answer.code, 0, `${path} was answered with ${JSON.stringify(answer)}`);
    return answer.data;
  }

  /** The job whose present run holds the lease of a room's partition, where one does. */
  async ownerOf(room: string): Promise<RoleProcess | undefined> {
    const push = { kind: "room", room, operation: 0, body: new Uint8Array() } as const;
    const partition = partitionOf(push, PARTITIONS);
    const lease = await redisCli(this.redis.port, "GET", `halley:{p${partition}}:lease`);
    return this.jobs.find(({ upMs, addresses }) =>
      upMs !== undefined && lease.startsWith(`${addresses.id} `)
    );
  }

  /** Fails when a process has grown beyond what the load explains. */
  checkMemory(): void {
    for (const { name, first, most } of this.#memory.values()) {
      const grown = most - first;
      assert.ok(grown < GROWTH_BYTES_MAX, `${name} grew by ${grown} bytes, from ${first}`);
    }
  }

  /** The most that any process of this name grew by, in MiB. */
  growthMiB(name: string): number {
    const uses = [...this.#memory.values()].filter((use) => use.name.startsWith(name));
    return Math.round(Math.max(0, ...uses.map(({ first, most }) => most - first)) / 2 ** 20);
  }

  /** The last lines of every process, for a test that failed. */
  tails(): string {
    return this.#all().map((role) => role.tail()).join("\n");
  }

  /** Ends every process, whatever state it is in. */
  async stop(): Promise<void> {
    clearInterval(this.#sampling);
    await Promise.all(this.#all().map((role) => role.kill()));
    await this.redis.stop();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
    await this.stopRest?.();
  }

  #all(): RoleProcess[] {
    return [...this.logics, ...this.jobs, ...this.comets];
  }

  #addLogic(index: number): void {
    const flags = { redis: this.redis.url, http: ANY_PORT, rpc: ANY_PORT };
    const name = `logic-${index}`;
    this.logics.push(this.#role({ command: "logic", name, flags, upMessage: "listening" }));
  }

  #addJob(index: number): void {
    const flags = { redis: this.redis.url, metrics: ANY_PORT };
    const name = `job-${index}`;
    const upMessage = "reads the push log";
    this.jobs.push(this.#role({ command: "job", name, flags, upMessage }));
  }

  async #addComet(
    index: number,
    logic: string,
    more: ClusterOptions["cometFlags"],
  ): Promise<void> {
    const rpc = `127.0.0.1:${await freePort()}`;
    const flags = {
      logic,
      tcp: ANY_PORT,
      ws: ANY_PORT,
      rpc,
      metrics: ANY_PORT,
      "heartbeat-interval": "5s",
      "heartbeat-max": "3",
      "drain-window": "1s",
      ...await more?.(index, rpc),
    };
    const name = `comet-${index}`;
    this.comets.push(this.#role({ command: "comet", name, flags, upMessage: "listening" }));
  }

  async #configure(config: string): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "halley-cluster-"));
    const file = join(this.#folder, "halley.toml");
    await writeFile(file, config);
    this.#commonFlags = { config: file };
  }

  #role(options: RoleOptions): RoleProcess {
    const flags = { ...this.#commonFlags, ...options.flags };
    return new RoleProcess({ ...options, flags, program: this.program });
  }

  /** A process is measured from a second after its start on: by then it has loaded its code. */
  async #sample(): Promise<void> {
    for (const role of this.#all()) {
      const { pid } = role;
      if (pid === undefined || role.upMs === undefined) continue;
      if (performance.now() - role.upMs < 1_000) continue;
      const bytes = await role.residentBytes();
      if (bytes === undefined) continue;
      const use = this.#memory.get(pid);
      if (use === undefined) this.#memory.set(pid, { name: role.name, first: bytes, most: bytes });
      else use.most = Math.max(use.most, bytes);
    }
  }
}

async function startAll(roles: readonly RoleProcess[]): Promise<void> {
  const started = await Promise.allSettled(roles.map((role) => role.start()));
  const failed = started.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}
