import { randomBelow } from "../../base/prng.ts";
import { deliveryFindings } from "../checkers/deliveries.ts";
import { Population } from "../client/population.ts";
import { Pusher } from "../pusher.ts";
import { Cluster } from "./cluster.ts";
import { harm } from "./faults.ts";
import { COMETS, LOGICS, ports } from "./roles.ts";
import { World } from "./world.ts";

const CLIENTS = 12;
/** One in which all are, some for all, and more than stay full. */
const ROOMS = [1, 3, 8];
const RATE = 30;

/** How often clients beat: a third of what they may go without, in milliseconds. */
const BEAT_MS = 1_000;

/** For how long there is harm, and peace afterwards, in milliseconds. */
const HARM_MS = 4_000;
const PEACE_MS = 800;

/** After how long a comet that stood still has closed those it has to, in milliseconds. */
const CLOSED_MS = 1_500;

/** For how long nothing comes when all has come, in milliseconds: some buffers are very small. */
const QUIET_MS = 500;

/** How long anything may take to be as it should be once there is peace, in milliseconds. */
const HEALED_MS = 40_000;

/** What became of a world. */
export interface WorldReport {
  readonly seed: number;
  readonly failures: readonly string[];
  /** What happened when. */
  readonly story: readonly string[];
  readonly expected: number;
  readonly received: number;
  readonly events: number;
}

/** A cluster, its clients and its back end, from the beginning of a world to its end. */
class WorldRun {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #clients: Population;
  readonly #pusher: Pusher;
  readonly #rooms: number;
  #expected = 0;

  constructor(private readonly seed: number) {
    const world = this.#world = new World(seed);
    this.#cluster = new Cluster(world);
    this.#rooms = ROOMS[randomBelow(world.prng, ROOMS.length)];
    const { streams, clock } = world.newHost("clients");
    // The world has no hurry: what is promised is promised from the answer on, to the last one.
    this.#clients = new Population(streams, clock, seed, { joinMs: 0, leaveMs: Infinity });
    this.#pusher = new Pusher({
      send: (room, body) => this.#cluster.push(randomBelow(world.prng, LOGICS), room, body),
      tag: seed,
      size: 60,
      rooms: this.#rooms,
      clock,
    });
  }

  async run(): Promise<WorldReport> {
    const world = this.#world;
    await this.#live();
    const { failures, story, scheduler } = world;
    return {
      seed: this.seed,
      failures,
      story,
      expected: this.#expected,
      received: this.#clients.received,
      events: scheduler.count,
    };
  }

  async #live(): Promise<void> {
    const world = this.#world;
    const cluster = this.#cluster;
    const clients = this.#clients;
    if (!await world.settled("the cluster starts", cluster.start(), 1_000)) return;
    const targets = Array.from({ length: COMETS }, (_, index) => [
      `tcp://127.0.0.1:${ports.tcp(index)}`,
      `ws://127.0.0.1:${ports.ws(index)}`,
    ]).flat();
    const connected = clients.connect({
      first: 0,
      clients: CLIENTS,
      targets,
      rooms: this.#rooms,
      rampPerS: 1_000,
      exact: true,
      heartbeatMs: BEAT_MS,
    });
    if (!await world.settled("clients get in", connected, 20_000)) return;
    this.#pusher.start(RATE);
    await world.pass(300);
    await harm({ world, cluster, clients }, HARM_MS);
    world.tell("peace");
    await this.#heal();
    await world.pass(PEACE_MS);
    await this.#check();
    await this.#end();
  }

  /** Lets everything be whole again, and everyone come back. */
  async #heal(): Promise<void> {
    const world = this.#world;
    const clients = this.#clients;
    clients.readAgain();
    world.network.heal();
    await world.until("all roles are back", () => this.#cluster.isWhole, HEALED_MS);
    const isHealed = () => clients.authenticated === CLIENTS;
    // Connections that are about to break look whole until then.
    await world.pass(CLOSED_MS);
    for (let tries = 0; tries < 10 && !isHealed(); tries++) {
      await world.settled("clients come back", clients.comeBack(), HEALED_MS);
      await world.pass(CLOSED_MS);
    }
    if (!isHealed()) world.fail(`only ${clients.authenticated} of ${CLIENTS} clients came back`);
    world.tell("all clients are in");
  }

  async #check(): Promise<void> {
    const world = this.#world;
    const { pushLog } = world.store;
    await world.settled("pushes end", this.#pusher.stop(), HEALED_MS);
    await world.until("the push log is empty", () => pushLog.entries === 0, HEALED_MS);
    for (let before = -1; before < this.#clients.received;) {
      before = this.#clients.received;
      await world.pass(QUIET_MS);
    }
    const receipts = this.#clients.receipts.totals(this.#pusher.pushes);
    this.#expected = receipts.expected;
    for (const { ok, check, text } of deliveryFindings(receipts)) {
      if (!ok) world.fail(`${check}: ${text}; ${receipts.failures.join("; ")}`);
    }
    await this.#checkOnline(this.#clients.authenticated);
  }

  /** Whether the logics count as many as there are, when they have had time to. */
  async #checkOnline(wanted: number): Promise<void> {
    const world = this.#world;
    for (const { logic } of this.#cluster.logics) {
      let counted = -1;
      const count = async () => {
        const rooms = await logic.online.top("sim", this.#rooms);
        counted = rooms.reduce((sum, { count }) => sum + count, 0);
      };
      for (let tries = 0; tries < 30 && counted !== wanted; tries++) {
        await world.settled("logic answers", count(), HEALED_MS);
        if (counted !== wanted) await world.pass(200);
      }
      if (counted !== wanted) world.fail(`a logic counts ${counted} of ${wanted} clients`);
    }
  }

  /** Lets everyone go, and looks what is left. */
  async #end(): Promise<void> {
    const world = this.#world;
    const cluster = this.#cluster;
    const count = (what: "connections" | "rooms") =>
      cluster.comets.reduce((sum, { comet }) => sum + comet[what], 0);
    this.#clients.stop();
    await world.until("no connection is left", () => count("connections") === 0, 10_000);
    await world.until("no room is left", () => count("rooms") === 0, 10_000);
    await this.#checkOnline(0);
    await world.settled("the roles stop", cluster.stop(), HEALED_MS);
    await world.pass(30_000);
    const { waiting } = world.scheduler;
    if (waiting > 0) world.fail(`${waiting} timers are left when all roles have stopped`);
  }
}

/** Runs one world, from its seed alone. */
export function runWorld(seed: number): Promise<WorldReport> {
  return new WorldRun(seed).run();
}
