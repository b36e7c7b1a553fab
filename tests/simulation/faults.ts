import { randomBelow, randomFloat } from "../../base/prng.ts";
import type { Population } from "../../sim/client/population.ts";
import type { Cluster } from "./cluster.ts";
import type { World } from "./world.ts";

/** What faults are injected into. */
export interface Targets {
  readonly world: World;
  readonly cluster: Cluster;
  readonly clients: Population;
  /** Whether rooms keep history. */
  readonly hasHistory: boolean;
}

/** One of some values. */
function oneOf<Value>({ prng }: World, values: readonly Value[]): Value {
  return values[randomBelow(prng, values.length)];
}

function between({ prng }: World, leastMs: number, mostMs: number): number {
  return leastMs + randomFloat(prng) * (mostMs - leastMs);
}

type Fault = (targets: Targets) => void;

const kill: Fault = ({ world, cluster }) => {
  const role = oneOf(world, cluster.roles);
  if (!role.host.isDead) cluster.kill(role, between(world, 50, 2_500));
};

/** Shorter than leases, longer than a job's, or longer than a comet's registration. */
const freeze: Fault = ({ world, cluster }) => {
  const { host } = oneOf(world, cluster.roles);
  const [leastMs, mostMs] = oneOf(world, [[20, 400], [500, 2_500], [3_000, 5_000], [
    9_500,
    12_000,
  ]]);
  const spanMs = between(world, leastMs, mostMs);
  world.record(`${host.name} stands still for ${Math.round(spanMs)} ms`);
  host.freeze(spanMs);
};

/** Longer than a comet's registration: the cluster gives its comets up. */
const freezeLogics: Fault = ({ world, cluster }) => {
  const spanMs = between(world, 10_500, 13_000);
  world.record(`all logics stand still for ${Math.round(spanMs)} ms`);
  for (const { host } of cluster.logics) host.freeze(spanMs);
};

const cut: Fault = ({ world, cluster }) => {
  const { host } = oneOf(world, cluster.roles);
  const conns = host.conns;
  if (conns.length === 0) return;
  const some = Math.min(conns.length, 1 + randomBelow(world.prng, 4));
  world.record(`${some} connections of ${host.name} are cut`);
  for (let count = 0; count < some; count++) host.cut(oneOf(world, conns));
};

const slowNetwork: Fault = ({ world, cluster }) => {
  const { host } = oneOf(world, cluster.roles);
  const mostMs = between(world, 20, 600);
  world.record(`what ${host.name} sends and gets takes up to ${Math.round(mostMs)} ms`);
  world.network.slowDown(host, mostMs);
  world.store.host.after(between(world, 200, 3_000), () => world.network.heal());
};

const storeAway: Fault = ({ world }) => {
  const spanMs = between(world, 20, 3_500);
  world.record(`the store is away for ${Math.round(spanMs)} ms`);
  world.store.goAway();
  world.store.host.after(spanMs, () => world.store.comeBack());
};

const slowReaders: Fault = ({ world, clients }) => {
  const stopped = clients.stopReading({ share: 0.15, seed: world.prng.nextUint32() >>> 8 });
  world.record(`clients ${stopped.join(", ") || "none"} stop reading`);
  world.store.host.after(between(world, 100, 4_000), () => clients.resumeReading());
};

/** How often clients hop to another room, and for how long, in milliseconds. */
const STEP_MS = 120;
export const HOPPING_MS = 1_800;

const hopRooms: Fault = ({ world, clients }) => {
  world.record("some clients hop from room to room");
  for (let afterMs = 0; afterMs < HOPPING_MS; afterMs += STEP_MS) {
    world.store.host.after(
      afterMs,
      () => clients.changeRooms({ share: 0.15, seed: world.prng.nextUint32() >>> 8 }),
    );
  }
};

const leaves: Fault = ({ world, clients }) => {
  world.record("some clients leave and come back");
  world.watch(clients.leave({ share: 0.2, seed: world.prng.nextUint32() >>> 8 }));
};

const switchRooms: Fault = ({ world, clients }) => {
  world.record("some clients leave further rooms and join others");
  for (let afterMs = 0; afterMs < HOPPING_MS; afterMs += STEP_MS) {
    world.store.host.after(
      afterMs,
      () => clients.switchRooms({ share: 0.15, seed: world.prng.nextUint32() >>> 8 }),
    );
  }
};

/** All comets are given up, and all lanes have to hold what comes. */
const freezeComets: Fault = ({ world, cluster }) => {
  const spanMs = between(world, 3_000, 15_000);
  world.record(`all comets stand still for ${Math.round(spanMs)} ms`);
  for (const { host } of cluster.comets) host.freeze(spanMs);
};

const loseAll: Fault = ({ world, clients }) => {
  world.record("the store loses everything");
  world.store.loseAll();
  clients.mayMiss();
};

/** Where rooms keep history, more can go wrong. */
const historyFaults: readonly Fault[] = [
  ...[switchRooms, switchRooms, switchRooms, leaves, kill, freezeComets, loseAll, loseAll],
  ...[slowReaders, slowReaders],
];

const faults: readonly Fault[] = [
  ...[kill, kill, kill, freeze, freeze, cut, cut, slowNetwork, storeAway, slowReaders],
  ...[hopRooms, hopRooms, hopRooms, leaves, freezeLogics],
];

/**
 * Injects some faults at some times.
 *
 * @param spanMs Within which it all begins.
 */
export async function injectFaults(targets: Targets, spanMs: number): Promise<void> {
  const { world, hasHistory } = targets;
  const possible = hasHistory ? [...faults, ...historyFaults] : faults;
  const count = 1 + randomBelow(world.prng, 8);
  const times = Array.from({ length: count }, () => randomFloat(world.prng) * spanMs);
  const startMs = world.scheduler.nowMs;
  for (const atMs of times.toSorted((a, b) => a - b)) {
    await world.scheduler.run(startMs + atMs);
    oneOf(world, possible)(targets);
  }
  await world.scheduler.run(startMs + spanMs);
}
