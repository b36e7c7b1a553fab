import { randomBelow } from "../../base/prng.ts";
import { RunningClock } from "../../base/running_clock.ts";
import { wireComet, wireJob, wireLogic } from "../../cli/wiring.ts";
import type { Comet } from "../../comet/comet.ts";
import { cometDefaults, type CometOptions, FANOUT_SLICE } from "../../comet/options.ts";
import { type Logic, logicDefaults } from "../../logic/logic.ts";
import type { Address } from "../../platform/port.ts";
import { runId } from "../../protocol/cluster/comet_node.ts";
import { RpcCounters } from "../../rpc/counters.ts";
import type { Host } from "./host.ts";
import type { Profile } from "./profile.ts";
import type { World } from "./world.ts";

/** How many there are of each role; jobs are one to so many. */
export const LOGICS = 2;
export const COMETS = 2;
export const JOBS_MAX = 2;

/** After how long a client that does not read is closed, in milliseconds. */
const SLOW_READER_MS = 1_500;

/** Messages of one client a second, and at once: a little more than it has to say. */
const PUBLISH_RATE = 20;
const PUBLISH_BURST = 5;

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
  /** This run of it. */
  readonly server: string;
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

/** Dependencies of the roles on a host. */
function partsOf({ clock, streams }: Host, { prng }: World) {
  const running = new RunningClock(clock);
  const counters = new RpcCounters();
  return { clock, running, prng, streams, secret: "", counters };
}

/** Starts a logic. */
export async function startLogic(
  world: World,
  index: number,
  run: number,
  { rooms }: Profile,
): Promise<LogicRole> {
  const host = world.newHost(`logic-${index}`);
  const parts = partsOf(host, world);
  const { logic, listen, stop } = wireLogic(parts, {
    id: runId(host.name, String(run)),
    ports: world.store.portsOf(host),
    hooks: { message() {} },
    options: {
      ...logicDefaults,
      rooms: [rooms],
      publishMidRate: PUBLISH_RATE,
      publishMidBurst: PUBLISH_BURST,
    },
  });
  await listen(address(ports.logicRpc(index)));
  return { host, logic, stop: () => stop().then(() => parts.running.stop()) };
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
  { rooms, ringMax = cometDefaults.ringMax }: Profile,
  heartbeatMs: number,
): Promise<CometRole> {
  const host = world.newHost(`comet-${index}`);
  const server = runId(host.name, String(run));
  const parts = partsOf(host, world);
  const options: CometOptions = {
    ...cometDefaults,
    heartbeatMs,
    rooms: [rooms],
    ringMax,
    connectionsMax: 1_000,
    slowReaderMs: SLOW_READER_MS,
    publishRate: PUBLISH_RATE,
    publishBurst: PUBLISH_BURST,
    fanoutSlice: SLICES[randomBelow(world.prng, SLICES.length)],
  };
  const logicAddresses = Array.from(
    { length: LOGICS },
    (_, logic) => address(ports.logicRpc(logic)),
  );
  const { comet, logics, listen, stop } = wireComet(parts, {
    server,
    options,
    logics: logicAddresses,
  });
  const rpc = await listen(address(ports.cometRpc(index)));
  logics.start();
  const open = async () => {
    await comet.join({
      server,
      name: host.name,
      region: "",
      zone: "",
      env: "",
      hostname: host.name,
      addresses: ["127.0.0.1"],
      rpc: `127.0.0.1:${rpc.port}`,
      version: "",
      weight: 1,
      offline: false,
    });
    if (host.isDead) return;
    await comet.listen({ address: address(ports.tcp(index)), transport: "tcp" });
    await comet.listen({ address: address(ports.ws(index)), transport: "websocket" });
  };
  world.watch(open());
  return { host, comet, server, stop: () => stop().then(() => parts.running.stop()) };
}

/** Starts a job. */
export function startJob(
  world: World,
  index: number,
  run: number,
  { job: options }: Profile,
): SimulatedRole {
  const host = world.newHost(`job-${index}`, true);
  const parts = partsOf(host, world);
  const owner = runId(host.name, String(run));
  const { start, stop } = wireJob(parts, { owner, ports: world.store.portsOf(host), options });
  start();
  return { host, stop: () => stop().then(() => parts.running.stop()) };
}
