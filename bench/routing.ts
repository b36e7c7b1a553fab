import { encodeAuth } from "../client/codec.ts";
import { systemClock } from "../platform/system_clock.ts";
import { seededPrng } from "../base/prng.ts";
import { Comet } from "../comet/comet.ts";
import { cometDefaults } from "../comet/options.ts";
import { CometService } from "../comet/rpc/comet_service.ts";
import { MemoryNodes } from "../drivers/memory/nodes.ts";
import { MemoryPushLog } from "../drivers/memory/push_log.ts";
import { MemorySessions } from "../drivers/memory/sessions.ts";
import type { CometDirectory } from "../job/comet_directory.ts";
import { Job } from "../job/job.ts";
import { RegisteredComets } from "../job/rpc/registered_comets.ts";
import { StaticCometDirectory } from "../job/comet_directory.ts";
import { Logic, logicDefaults } from "../logic/logic.ts";
import type { Streams } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { RpcCounters } from "../rpc/counters.ts";
import { listenRpc } from "../rpc/listener.ts";
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
  readonly nodes = new MemoryNodes(systemClock);
  readonly pushLog = new MemoryPushLog(systemClock);
  readonly prng = seededPrng(1);
  readonly logic = new Logic({
    pushLog: this.pushLog,
    sessions: new MemorySessions(this.nodes),
    nodes: this.nodes,
    comets: new StaticCometDirectory(),
    clock: systemClock,
    options: logicDefaults,
  });
  readonly comets: Member[] = [];
  readonly #closes: (() => void)[] = [];

  constructor(readonly streams: Streams) {}

  async addComet(index: number): Promise<void> {
    const { streams, logic, prng } = this;
    const name = `comet-${index}`;
    const server = runId(name, "1");
    const options = { ...cometDefaults, heartbeatMs: 3_600_000 };
    const clock = systemClock;
    const comet = new Comet({ server, streams, logic, clock, running: clock, prng, options });
    const rpc = await listenRpc({
      streams,
      address: anyPort,
      secret: "",
      clock: systemClock,
      self: { role: "comet", id: server },
      handler: new CometService(() => comet),
    });
    await comet.join({
      server,
      name,
      region: "",
      zone: "",
      env: "",
      hostname: "",
      addresses: [],
      rpc: `127.0.0.1:${rpc.address.port}`,
      version: "",
      weight: 1,
      offline: false,
    });
    const { port } = await comet.listen({ address: anyPort, transport: "tcp" });
    const stop = async () => {
      await comet.stop();
      await rpc.close();
    };
    this.comets.push({ port, stop });
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
  }
}

/** Pushes once to every room and says how many batches that took. */
async function batchesPerPush(cluster: Cluster, rooms: number, routed: boolean): Promise<number> {
  const registered = new RegisteredComets({
    owner: "job~1",
    nodes: cluster.nodes,
    streams: cluster.streams,
    secret: "",
    clock: systemClock,
    running: systemClock,
    prng: cluster.prng,
    counters: new RpcCounters(),
    parseAddress: (text) => ({ hostname: "127.0.0.1", port: Number(text.split(":")[1]) }),
  });
  const comets: CometDirectory = routed ? registered : {
    servers: () => registered.servers(),
    get: (server) => registered.get(server),
    holds: () => true,
    current: () => registered.current(),
  };
  const { pushLog, prng } = cluster;
  const clock = systemClock;
  const job = new Job({ owner: "job~1", pushLog, comets, clock, running: clock, prng });
  registered.start();
  while (!isReady(registered, cluster.comets.length)) await turn();
  job.start();
  for (let room = 0; room < rooms; room++) {
    await cluster.logic.push.room(1000, "bench", String(room), new Uint8Array(100));
    while (pushLog.entries > 0) await turn();
  }
  const { batches } = job.counters;
  await job.stop();
  await registered.stop();
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
 *
 * @param scale 1 is the full size.
 */
export async function run(scale: number): Promise<void> {
  const rooms = Math.max(5, Math.round(ROOMS * Math.min(1, scale)));
  const cluster = new Cluster((await selectPlatform()).streams);
  try {
    for (let index = 0; index < COMETS; index++) await cluster.addComet(index);
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
