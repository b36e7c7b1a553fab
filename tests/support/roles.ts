import { systemClock } from "../../platform/system_clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { Comet } from "../../comet/comet.ts";
import { cometDefaults } from "../../comet/options.ts";
import { CometService } from "../../comet/rpc/comet_service.ts";
import { LogicPool } from "../../comet/rpc/logic_pool.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import type { SessionLimits } from "../../drivers/ports.ts";
import { Job } from "../../job/job.ts";
import { RegisteredComets } from "../../job/rpc/registered_comets.ts";
import { Logic, logicDefaults } from "../../logic/logic.ts";
import { CometLinks } from "../../logic/rpc/comet_links.ts";
import type { Address } from "../../platform/port.ts";
import { selectPlatform } from "../../platform/select.ts";
import { type CometNode, runId } from "../../protocol/cluster/comet_node.ts";
import { DIRECTORY_MS } from "../../protocol/cluster/comet_calls.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { listenRpc, type RpcListener } from "../../rpc/listener.ts";
import { freePort } from "./free_port.ts";

const loopback: Address = { hostname: "127.0.0.1", port: 0 };
const clock = systemClock;
const secret = "the secret of the cluster";

/** A comet in this process, with its own links. */
export interface RoleComet {
  readonly server: string;
  readonly comet: Comet;
  readonly pool: LogicPool;
  /** Where its clients connect over TCP. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Roles of a cluster in one process, joined by real RPC over sockets, on drivers in memory. */
export class Roles {
  readonly nodes = new MemoryNodes(clock);
  readonly pushLog = new MemoryPushLog(clock);
  readonly #sessions = new MemorySessions(this.nodes);
  readonly #prng = seededPrng(1);
  readonly #logics = new Map<number, { rpc: RpcListener; links: CometLinks }>();
  readonly #stops: (() => Promise<void>)[] = [];
  #epoch = 0;
  logic!: Logic;
  readonly platform;

  private constructor(platform: Awaited<ReturnType<typeof selectPlatform>>) {
    this.platform = platform;
  }

  /** Runs a test on them and stops them. */
  static async use(run: (roles: Roles) => Promise<void>): Promise<void> {
    const roles = new Roles(await selectPlatform());
    try {
      await run(roles);
    } finally {
      for (const stop of roles.#stops.toReversed()) await stop();
      for (const { rpc } of roles.#logics.values()) await rpc.close();
    }
  }

  /** Starts a logic and returns where its RPC is. */
  async addLogic(limits: Partial<SessionLimits> = {}, port?: number): Promise<number> {
    const links = new CometLinks(clock);
    const { nodes, pushLog } = this;
    this.logic = new Logic({
      pushLog,
      nodes,
      sessions: this.#sessions,
      comets: links,
      clock,
      options: {
        ...logicDefaults,
        limits: { ...logicDefaults.limits, ...limits },
        openAfterMs: DIRECTORY_MS + 100,
      },
    });
    links.serve(this.logic);
    const rpc = await listenRpc({
      streams: this.platform.streams,
      address: { ...loopback, port: port ?? await freePort() },
      secret,
      clock,
      self: { role: "logic", id: `logic~${++this.#epoch}` },
      handler: links,
    });
    this.#logics.set(rpc.address.port, { rpc, links });
    return rpc.address.port;
  }

  async stopLogic(port: number): Promise<void> {
    await this.#logics.get(port)!.rpc.close();
    this.#logics.delete(port);
  }

  /** Starts a comet and waits until clients may come. */
  async addComet(name: string, ...logics: readonly number[]): Promise<RoleComet> {
    const { streams } = this.platform;
    const prng = this.#prng;
    const server = runId(name, String(++this.#epoch));
    const service: CometService = new CometService(() => comet);
    const pool = new LogicPool({
      server,
      addresses: logics.map((port) => ({ ...loopback, port })),
      streams,
      secret,
      clock,
      prng,
      handler: service,
      counters: new RpcCounters(),
    });
    const options = { ...cometDefaults, reportMs: 200 };
    const comet: Comet = new Comet({
      server,
      streams,
      logic: pool,
      clock,
      running: clock,
      prng,
      options,
    });
    const self = { role: "comet", id: server };
    const rpc = await listenRpc({
      streams,
      address: loopback,
      secret,
      clock,
      self,
      handler: service,
    });
    pool.start();
    await comet.join(nodeOf(server, name, rpc.address.port));
    const { port } = await comet.listen({ address: loopback, transport: "tcp" });
    const stop = async () => {
      await comet.stop();
      await rpc.close();
      await pool.stop();
    };
    this.#stops.push(stop);
    return { server, comet, pool, port, stop };
  }

  /** Starts a job. */
  addJob(): { readonly job: Job; readonly comets: RegisteredComets } {
    const { nodes, pushLog } = this;
    const owner = runId("job", String(++this.#epoch));
    const comets = new RegisteredComets({
      owner,
      nodes,
      streams: this.platform.streams,
      secret,
      clock,
      running: clock,
      prng: this.#prng,
      counters: new RpcCounters(),
      parseAddress: (text) => ({ ...loopback, port: Number(text.split(":")[1]) }),
    });
    const job = new Job({ owner, pushLog, comets, clock, running: clock, prng: this.#prng });
    comets.start();
    job.start();
    this.#stops.push(async () => {
      await job.stop();
      await comets.stop();
    });
    return { job, comets };
  }
}

function nodeOf(server: string, name: string, rpcPort: number): CometNode {
  return {
    server,
    name,
    region: "",
    zone: "",
    env: "",
    hostname: name,
    addresses: [name],
    rpc: `127.0.0.1:${rpcPort}`,
    version: "",
    weight: 1,
    offline: false,
  };
}
