import { seededPrng } from "../base/prng.ts";
import { openMemory } from "../drivers/memory/open.ts";
import type { CometNode, Moderation } from "../drivers/ports.ts";
import type { Store } from "../drivers/store.ts";
import { Logic, logicDefaults } from "../logic/logic.ts";
import { systemClock } from "../platform/system_clock.ts";
import { cell, printTable, scaled } from "./measure.ts";
import { perSecond, storeNames, withStore } from "./stores.ts";

const CLIENTS = 50_000;
/** Auths that are under way at once. */
const AT_A_TIME = 100;
const ROUNDS = 9;
const BLOCKS = 1_000;
const HOUR_MS = 3_600_000;

const clock = systemClock;
const encoder = new TextEncoder();

/** The comet that the clients are on. */
const node: CometNode = {
  server: "a",
  name: "a",
  region: "",
  zone: "",
  env: "",
  hostname: "",
  addresses: [],
  rpc: "",
  version: "",
  weight: 1,
  offline: false,
};

/** A logic over a store; what the store does not keep is in memory, as with `start`. */
async function logicOver(store: Store, moderation: Moderation): Promise<Logic> {
  const parts = { clock, running: clock, prng: seededPrng(1) };
  const memory = await openMemory("memory:", parts);
  const home = store.openSessions === undefined ? memory : store;
  const nodes = await home.openNodes!(HOUR_MS);
  await nodes.register(node);
  const sessions = await home.openSessions!(nodes);
  const pushLog = await memory.openPushLog!({ partitions: 1, partitionBytesMax: 1_000 });
  const comets = new Map();
  const options = logicDefaults;
  return new Logic({ ...parts, nodes, sessions, pushLog, moderation, comets, options });
}

/** How long an auth and the end of its session take, in µs. */
async function enterAndLeave(logic: Logic, count: number): Promise<number> {
  const rate = await perSecond(count, AT_A_TIME, async (connectionId) => {
    const token = encoder.encode(`{"mid":${1 + connectionId},"key":"${connectionId}"}`);
    const request = { server: "a", connectionId, token, remoteAddress: "192.0.2.1" };
    const { mid, key } = await logic.connect(request);
    await logic.disconnect({ server: "a", connectionId, mid, key });
  });
  return 1e6 / rate;
}

async function measure(name: string, blocks: number, scale: number): Promise<string[]> {
  return await withStore(name, async (store) => {
    const real = await store.openModeration!();
    for (let mid = 1; mid <= blocks; mid++) await real.block({ mid: -BigInt(mid) }, HOUR_MS);
    const nobody = Promise.resolve(0);
    const unasked: Moderation = Object.assign(Object.create(real), { blockedMs: () => nobody });
    const [looks, looksNot] = [await logicOver(store, real), await logicOver(store, unasked)];
    const count = scaled(CLIENTS, scale, AT_A_TIME);
    const best = [Infinity, Infinity];
    for (let round = 0; round < scaled(ROUNDS, scale, 1); round++) {
      best[0] = Math.min(best[0], await enterAndLeave(looksNot, count));
      best[1] = Math.min(best[1], await enterAndLeave(looks, count));
    }
    return [`${name}, ${blocks} blocks`, ...best.map(cell), cell(best[1] / best[0])];
  });
}

/** What it costs a client to be looked up among those that are blocked. */
export async function run(scale: number): Promise<void> {
  const rows: string[][] = [];
  for (const name of storeNames) {
    const ownScale = name === "redis" ? scale / 4 : scale;
    for (const blocks of [0, BLOCKS]) rows.push(await measure(name, blocks, ownScale));
  }
  printTable(
    `Auths and the ends of their sessions in logic, ${AT_A_TIME} at a time, µs each`,
    ["store", "without the look-up", "with it", "ratio"],
    rows,
  );
}
