import { encodeAuth } from "../client/codec.ts";
import { systemClock } from "../platform/system_clock.ts";
import { seededPrng } from "../base/prng.ts";
import { wireComet, wireJob, wireLogic } from "../cli/wiring.ts";
import { cometDefaults } from "../comet/options.ts";
import { MemoryModeration } from "../drivers/memory/moderation.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import type { RegisteredComets } from "../job/rpc/registered_comets.ts";
import { logicDefaults } from "../logic/logic.ts";
import type { Address, Streams } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { RpcCounters } from "../rpc/counters.ts";
import { runId } from "../protocol/cluster/comet_node.ts";
import { cell, printTable } from "./measure.ts";

const COMETS = 20;
const ROOMS = 1_000;
const MEMBERS_PER_ROOM = 3;

const anyPort = { hostname: "127.0.0.1", port: 0 };

/** One comet of the cluster, with its RPC. */
interface Member {
  readonly port: number;
  stop(): Promise<void>;
}

/** Everything but the job, in this process; the RPC runs over real sockets. */
class Cluster {
  readonly parts;
  readonly ports;
  readonly pushLog = new MemoryPushLog(systemClock);
  readonly comets: Member[] = [];
  readonly #logic;
  readonly #closes: (() => void)[] = [];

  constructor(readonly streams: Streams) {
    const clock = systemClock;
    const counters = new RpcCounters();
    this.parts = { clock, running: clock, prng: seededPrng(1), streams, secret: "", counters };
    const nodes = new MemoryNodes(clock);
    this.ports = {
      pushLog: this.pushLog,
      nodes,
      sessions: new MemorySessions(nodes),
      moderation: new MemoryModeration(clock),
    };
    this.#logic = wireLogic(this.parts, {
      id: "logic~1",
      ports: this.ports,
      options: logicDefaults,
    });
  }

  async start(comets: number): Promise<void> {
    const logic = await this.#logic.listen(anyPort);
    await Promise.all(Array.from({ length: comets }, (_, index) => this.#addComet(index, logic)));
  }

  async #addComet(index: number, logic: Address): Promise<void> {
    const name = `comet-${index}`;
    const server = runId(name, "1");
    const { comet, logics, listen, stop } = wireComet(this.parts, {
      server,
      options: { ...cometDefaults, heartbeatMs: 3_600_000 },
      logics: [logic],
    });
    const rpc = await listen(anyPort);
    logics.start();
    await comet.join({
      server,
      name,
      region: "",
      zone: "",
      env: "",
      hostname: "",
      addresses: [],
      rpc: `127.0.0.1:${rpc.port}`,
      version: "",
      weight: 1,
      offline: false,
    });
    const { port } = await comet.listen({ address: anyPort, transport: "tcp" });
    this.comets[index] = { port, stop };
  }

  push(room: number): Promise<unknown> {
    return this.#logic.logic.push.room(1000, "bench", String(room), new Uint8Array(100));
  }

  /** A client in a room, which takes what comes. */
  async addClient(comet: number, room: string): Promise<void> {
    const authenticated = Promise.withResolvers<void>();
    const conn = await this.streams.dial({
      hostname: "127.0.0.1",
      port: this.comets[comet].port,
      pendingBytesMax: 4096,
      handler: {
        open() {},
        data: () => authenticated.resolve(),
        drain() {},
        end: (conn) => conn.end(),
        close() {},
      },
    });
    conn.write(encodeAuth({ mid: 0, room }));
    await authenticated.promise;
    this.#closes.push(() => conn.evict());
  }

  async stop(): Promise<void> {
    for (const close of this.#closes) close();
    await Promise.all(this.comets.map((comet) => comet.stop()));
    await this.#logic.stop();
  }
}

/** Pushes once to every room and says how many batches that took. */
async function batchesPerPush(cluster: Cluster, rooms: number, routed: boolean): Promise<number> {
  const { pushLog, parts, ports } = cluster;
  const { job, comets, stop } = wireJob(parts, { owner: "job~1", ports });
  if (!routed) Object.assign(comets, { holds: () => true });
  comets.start();
  while (!isReady(comets, cluster.comets.length)) await turn();
  job.start();
  for (let room = 0; room < rooms; room++) {
    await cluster.push(room);
    while (pushLog.entries > 0) await turn();
  }
  const { batches } = job.counters;
  await stop();
  return batches / rooms;
}

/** Whether the job knows the rooms of every comet. */
function isReady(comets: RegisteredComets, count: number): boolean {
  const servers = [...comets.servers()];
  return servers.length === count &&
    servers.every((server) => comets.get(server)!.rooms !== undefined);
}

function turn(): Promise<void> {
  return new Promise((resolve) => systemClock.nextTurn(resolve));
}

/**
 * How many batches a push to a room costs, when it goes to every comet and when it goes only to
 * those that hold the room.
 */
export async function run(scale: number): Promise<void> {
  const rooms = Math.max(5, Math.round(ROOMS * Math.min(1, scale)));
  const cluster = new Cluster((await selectPlatform()).streams);
  try {
    await cluster.start(COMETS);
    for (let room = 0; room < rooms; room++) {
      for (let member = 0; member < MEMBERS_PER_ROOM; member++) {
        // Members of a room sit on different comets.
        await cluster.addClient((room + member * 7) % COMETS, `bench://${room}`);
      }
    }
    const everywhere = await batchesPerPush(cluster, rooms, false);
    const routed = await batchesPerPush(cluster, rooms, true);
    printTable(
      `RPC batches for a push, ${COMETS} comets, ${rooms} rooms of ${MEMBERS_PER_ROOM} members`,
      ["sent to", "batches per push"],
      [["every comet", cell(everywhere)], ["comets that hold the room", cell(routed)]],
    );
  } finally {
    await cluster.stop();
  }
}
