import { Comet } from "../../comet/comet.ts";
import { randomBelow } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { cometDefaults, type CometOptions, FANOUT_SLICE } from "../../comet/options.ts";
import { CometService } from "../../comet/rpc/comet_service.ts";
import { LogicPool } from "../../comet/rpc/logic_pool.ts";
import { Job } from "../../job/job.ts";
import { RegisteredComets } from "../../job/rpc/registered_comets.ts";
import { Logic, logicDefaults } from "../../logic/logic.ts";
import { CometLinks } from "../../logic/rpc/comet_links.ts";
import type { Address } from "../../platform/port.ts";
import { DIRECTORY_MS } from "../../protocol/cluster/comet_calls.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import { listenRpc } from "../../rpc/listener.ts";
import { runId } from "../../protocol/cluster/comet_node.ts";
import type { Host } from "./host.ts";
import type { World } from "./world.ts";

/** How many there are of each role; jobs are one to so many. */
export const LOGICS = 2;
export const COMETS = 2;
export const JOBS_MAX = 2;

/** After how long a client that does not read is closed, in milliseconds. */
const SLOW_READER_MS = 1_500;

/** So few writes before the event loop gets a turn that a room takes several, or as many as usual. */
const SLICES = [2, FANOUT_SLICE];

/** A role that runs on a host. */
export interface SimulatedRole {
  readonly host: Host;
  /** Ends it as a signal would. */
  stop(): Promise<void>;
}

export interface CometRole extends SimulatedRole {
  readonly comet: Comet;
}

export interface LogicRole extends SimulatedRole {
  readonly logic: Logic;
}

function address(port: number): Address {
  return { hostname: "127.0.0.1", port };
}

/** Where things are: of the n-th of each role. */
export const ports = {
  tcp: (index: number) => 3_101 + 100 * index,
  ws: (index: number) => 3_102 + 100 * index,
  cometRpc: (index: number) => 3_109 + 100 * index,
  logicRpc: (index: number) => 3_119 + 100 * index,
};

/** Starts a logic. */
export async function startLogic(world: World, index: number, run: number): Promise<LogicRole> {
  const host = world.newHost(`logic-${index}`);
  const { store } = world;
  const { clock, streams } = host;
  const running = new RunningClock(clock);
  const links = new CometLinks(clock);
  const logic = new Logic({
    ...store.driversOf(host),
    comets: links,
    clock,
    messageHandler: { receive: async () => {} },
    options: { ...logicDefaults, openAfterMs: DIRECTORY_MS + 100 },
  });
  links.serve(logic);
  const rpc = await listenRpc({
    streams,
    address: address(ports.logicRpc(index)),
    secret: "",
    clock: running,
    self: { role: "logic", id: runId(host.name, String(run)) },
    handler: links,
  });
  const stop = async () => {
    await rpc.close();
    running.stop();
  };
  return { host, logic, stop };
}

/**
 * Starts a comet; clients get in when it has joined.
 *
 * @param heartbeatMs After how long without a heartbeat a client is closed, in milliseconds.
 */
export async function startComet(
  world: World,
  index: number,
  run: number,
  heartbeatMs: number,
): Promise<CometRole> {
  const host = world.newHost(`comet-${index}`);
  const { prng } = world;
  const { clock, streams } = host;
  const server = runId(host.name, String(run));
  const counters = new RpcCounters();
  const service = new CometService(() => comet);
  const addresses = Array.from({ length: LOGICS }, (_, logic) => address(ports.logicRpc(logic)));
  const running = new RunningClock(clock);
  const link = { streams, secret: "", clock: running, prng, counters };
  const logic = new LogicPool({ ...link, server, addresses, handler: service });
  const options: CometOptions = {
    ...cometDefaults,
    heartbeatMs,
    connectionsMax: 1_000,
    slowReaderMs: SLOW_READER_MS,
    fanoutSlice: SLICES[randomBelow(prng, SLICES.length)],
  };
  const comet: Comet = new Comet({ server, streams, logic, clock, running, prng, options });
  const self = { role: "comet", id: server };
  const rpcAddress = address(ports.cometRpc(index));
  const rpc = await listenRpc({ ...link, address: rpcAddress, self, handler: service });
  logic.start();
  const open = async () => {
    await comet.join({
      server,
      name: host.name,
      region: "",
      zone: "",
      env: "",
      hostname: host.name,
      addresses: ["127.0.0.1"],
      rpc: `127.0.0.1:${rpcAddress.port}`,
      version: "",
      weight: 1,
      offline: false,
    });
    if (host.isDead) return;
    await comet.listen({ address: address(ports.tcp(index)), transport: "tcp" });
    await comet.listen({ address: address(ports.ws(index)), transport: "websocket" });
  };
  world.watch(open());
  const stop = async () => {
    await comet.stop();
    await rpc.close();
    await logic.stop();
    running.stop();
  };
  return { host, comet, stop };
}

/** Starts a job. */
export function startJob(world: World, index: number, run: number): SimulatedRole {
  const host = world.newHost(`job-${index}`, true);
  const { prng, store } = world;
  const { clock, streams } = host;
  const owner = runId(host.name, String(run));
  const { nodes, pushLog } = store.driversOf(host);
  const running = new RunningClock(clock);
  const comets = new RegisteredComets({
    owner,
    nodes,
    streams,
    secret: "",
    clock,
    running,
    prng,
    counters: new RpcCounters(),
    parseAddress: (text) => address(Number(text.split(":")[1])),
  });
  const job = new Job({ owner, pushLog, comets, clock, running, prng });
  comets.start();
  job.start();
  const stop = async () => {
    await job.stop();
    await comets.stop();
    running.stop();
  };
  return { host, stop };
}
