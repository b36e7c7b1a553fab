import { seededPrng } from "../../base/prng.ts";
import { wireComet, wireJob, wireLogic } from "../../cli/wiring.ts";
import type { Comet } from "../../comet/comet.ts";
import { cometDefaults } from "../../comet/options.ts";
import type { LogicPool } from "../../comet/rpc/logic_pool.ts";
import { LocalModeration } from "../../drivers/memory/local_moderation.ts";
import { memoryBlocks, MemoryMutes } from "../../drivers/memory/mutes.ts";
import { MemoryNodes } from "../../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../../drivers/memory/push_log.ts";
import { MemorySessions } from "../../drivers/memory/sessions.ts";
import type { SessionLimits } from "../../drivers/ports.ts";
import { StoreCounters } from "../../drivers/store.ts";
import type { Hooks } from "../../logic/hooks.ts";
import { type Logic, logicDefaults } from "../../logic/logic.ts";
import type { Address, Platform } from "../../platform/port.ts";
import { selectPlatform } from "../../platform/select.ts";
import { systemClock } from "../../platform/system_clock.ts";
import { type CometNode, runId } from "../../protocol/cluster/comet_node.ts";
import type { RoomOptions } from "../../protocol/room_options.ts";
import { RpcCounters } from "../../rpc/counters.ts";
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
  readonly #ports = {
    nodes: this.nodes,
    pushLog: this.pushLog,
    sessions: new MemorySessions(this.nodes),
    moderation: new LocalModeration(
      clock,
      new StoreCounters(),
      new MemoryMutes(clock),
      memoryBlocks(clock),
    ),
  };
  readonly #parts;
  readonly #logics = new Map<number, () => Promise<void>>();
  readonly #stops: (() => Promise<void>)[] = [];
  #epoch = 0;
  /** Options of rooms for the comets and logics that are added from now on. */
  rooms: readonly RoomOptions[] = [];
  /** Hooks for the logics that are added from now on. */
  hooks: Hooks = {};
  logic!: Logic;
  /** Where jobs are told that the RPC of a comet is; where it is, unless a test says otherwise. */
  announcedPort: (port: number) => number | Promise<number> = (port) => port;

  private constructor(readonly platform: Platform) {
    const { streams } = platform;
    const counters = new RpcCounters();
    this.#parts = { clock, running: clock, prng: seededPrng(1), streams, secret, counters };
  }

  /** Runs a test on them and stops them. */
  static async use(run: (roles: Roles) => Promise<void>): Promise<void> {
    const roles = new Roles(await selectPlatform());
    try {
      await run(roles);
    } finally {
      for (const stop of roles.#stops.toReversed()) await stop();
      for (const stop of roles.#logics.values()) await stop();
    }
  }

  /** Starts a logic and returns where its RPC is. */
  async addLogic(limits: Partial<SessionLimits> = {}, port?: number): Promise<number> {
    const { logic, listen, stop } = wireLogic(this.#parts, {
      id: `logic~${++this.#epoch}`,
      ports: this.#ports,
      hooks: this.hooks,
      options: {
        ...logicDefaults,
        limits: { ...logicDefaults.limits, ...limits },
        rooms: this.rooms,
      },
    });
    this.logic = logic;
    const address = await listen({ ...loopback, port: port ?? await freePort() });
    this.#logics.set(address.port, stop);
    return address.port;
  }

  async stopLogic(port: number): Promise<void> {
    await this.#logics.get(port)!();
    this.#logics.delete(port);
  }

  /** Starts a comet and waits until clients may come. */
  async addComet(name: string, ...logics: readonly number[]): Promise<RoleComet> {
    const server = runId(name, String(++this.#epoch));
    const { comet, logics: pool, listen, stop } = wireComet(this.#parts, {
      server,
      options: { ...cometDefaults, reportMs: 200, rooms: this.rooms },
      logics: logics.map((port) => ({ ...loopback, port })),
    });
    const rpc = await listen(loopback);
    pool.start();
    await comet.join(nodeOf(server, name, await this.announcedPort(rpc.port)));
    const { port } = await comet.listen({ address: loopback, transport: "tcp" });
    this.#stops.push(stop);
    return { server, comet, pool, port, stop };
  }

  /** Starts a job. */
  addJob(): Pick<ReturnType<typeof wireJob>, "job" | "comets"> {
    const owner = runId("job", String(++this.#epoch));
    const { job, comets, start, stop } = wireJob(this.#parts, { owner, ports: this.#ports });
    start();
    this.#stops.push(stop);
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
