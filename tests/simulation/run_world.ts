/**
 * The door of this folder: a whole cluster in one process, on a simulated network and clock, by one
 * seed. cluster.ts and roles.ts run production code, faults.ts injects the faults; in one world of four
 * it is clients that publish, those of publishers.ts.
 *
 * @module
 */
import { TICK_MS } from "../../comet/options.ts";
import { randomBelow } from "../../base/prng.ts";
import {
  connectingFinding,
  connectionFinding,
  heartbeatFinding,
  leftOverFinding,
  silentFinding,
} from "../../sim/checkers/findings.ts";
import { Population } from "../../sim/client/population.ts";
import { roomKeyOf } from "../../sim/client/virtual_client.ts";
import { Pusher } from "../../sim/pusher.ts";
import { areBehind, checkDeliveries, checkOnline } from "./checks.ts";
import { Cluster } from "./cluster.ts";
import { HOPPING_MS, injectFaults } from "./faults.ts";
import { type Profile, profileOf } from "./profile.ts";
import { Publishers } from "./publishers.ts";
import { COMETS, ports } from "./roles.ts";
import { World } from "./world.ts";

const CLIENTS = 12;
/** One in which all are, some for all, more than stay full, and more than anyone is in. */
const ROOMS = [1, 3, 8, 30];
const RATE = 20;

/**
 * After how long without a heartbeat a client is closed: in the wheel's first level, or beyond. Both
 * are longer than what a few changes of rooms in a row wait for a job that cannot be reached, a
 * second each, with the client's heartbeats behind them.
 */
const HEARTBEATS_MS = [5_000, 7_000];

/** So many times that where rooms have logs: a join waits up to five seconds for a logic. */
const HEARTBEATS_WITH_LOGS = 3;

/** For how long faults are injected, and for how long none are afterwards, in milliseconds. */
const FAULTS_MS = 4_000;
const QUIESCE_MS = 1_500;

/** After how long a comet that stood still has closed those it has to, in milliseconds. */
const CLOSED_MS = 1_500;

/** After how long a comet that its store has forgotten is registered again, in milliseconds. */
const REGISTERED_MS = 2_500;

/** For how long comets stand still at last in a quiet world, and jobs are away, in milliseconds. */
const STILL_MS = 3_000;
const JOB_BACK_MS = 500;

/** For how long nothing comes when all has come, in milliseconds: some buffers are very small. */
const QUIET_MS = 500;

/** How long anything may take to be as it should be once no more faults happen, in milliseconds. */
const HEALED_MS = 40_000;

/** How long it may take until nothing is left of clients that have gone, in milliseconds. */
const GONE_MS = 10_000;

/** Share of the clients that fall silent in the end. */
const SILENT = 0.3;

/** What a deadline may be late by: a tick of the wheel, and the network both ways, in milliseconds. */
const LATE_MS = TICK_MS + 20;

/** What became of a world. */
export interface WorldReport {
  readonly seed: number;
  readonly failures: readonly string[];
  /** What happened when. */
  readonly trace: readonly string[];
  readonly expected: number;
  readonly received: number;
  readonly events: number;
}

/** One world from its beginning to its end: a cluster, its clients and its back end. */
class WorldRun {
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #clients: Population;
  readonly #pusher: Pusher;
  /** Clients from which the messages come, if they do. */
  readonly #publishers: Publishers | undefined;
  readonly #rooms: number;
  readonly #beatMs: number;
  readonly #heartbeatMs: number;
  #expected = 0;

  constructor(private readonly seed: number, private readonly profile: Profile) {
    const { rooms, last, size } = profile;
    const world = this.#world = new World(seed, profile);
    this.#rooms = ROOMS[randomBelow(world.prng, ROOMS.length)];
    // A third of what they may go without, where rooms have no logs.
    this.#beatMs = HEARTBEATS_MS[randomBelow(world.prng, HEARTBEATS_MS.length)] / 3;
    this.#heartbeatMs = 3 * this.#beatMs *
      (profile.logs === undefined ? 1 : HEARTBEATS_WITH_LOGS);
    this.#cluster = new Cluster(world, profile, this.#heartbeatMs);
    const { streams, clock } = world.newHost("clients");
    // The world has no hurry: what is promised is promised from the answer on, to the last one.
    const margins = { joinMs: 0, leaveMs: Infinity };
    // A client that is told that it is in a room must get what is pushed from that moment on.
    const joined = (room: number) => this.#pusher.push(room);
    // Who is slow may be given the latest alone, whatever is kept.
    const kept = (room: number) => {
      const { epoch, head, first } = world.store.pushLog.kept(roomKeyOf(room));
      return { epoch, first: rooms.slow === "latest" ? head + 1 : first };
    };
    this.#clients = new Population(streams, clock, { tag: seed, margins, joined, kept, last });
    if (profile.isUpstream) this.#publishers = new Publishers(world, profile.retries > 0);
    this.#pusher = new Pusher({
      send: (room, body) =>
        this.#publishers?.isOpen
          ? this.#publishers.publish(room, body)
          : this.#cluster.push(room, body),
      tag: seed,
      size,
      rooms: this.#rooms,
      clock,
    });
  }

  async run(): Promise<WorldReport> {
    const world = this.#world;
    await this.#runPhases();
    const { failures, trace, scheduler } = world;
    return {
      seed: this.seed,
      failures,
      trace,
      expected: this.#expected,
      received: this.#clients.counts.received,
      events: scheduler.count,
    };
  }

  async #runPhases(): Promise<void> {
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
      heartbeatMs: this.#beatMs,
      logs: this.profile.logs,
    });
    if (!await world.settled("clients get in", connected, 20_000)) return;
    this.#pusher.start(RATE);
    await world.pass(300);
    const hasHistory = this.profile.rooms.historySize > 0;
    await injectFaults({ world, cluster, clients, hasHistory }, FAULTS_MS);
    if (this.profile.isQuiet) await this.#fallQuiet();
    world.record("quiesce");
    await this.#heal();
    await this.#quiesce();
    await this.#check();
    await this.#fallSilent();
    await this.#end();
  }

  /**
   * Pushes end while comets stand still, and the jobs are killed: what their lanes have shed dies
   * with them, and no later push says that something is missing.
   */
  async #fallQuiet(): Promise<void> {
    const world = this.#world;
    const { comets, jobs } = this.#cluster;
    // No client could publish anything.
    this.#publishers?.stop();
    world.record("comets stand still, pushes end, and jobs are killed");
    for (const { host } of comets) host.freeze(STILL_MS);
    await world.pass(STILL_MS / 2);
    await world.settled("pushes end", this.#pusher.stop(), HEALED_MS);
    for (const job of [...jobs]) if (!job.host.isDead) this.#cluster.kill(job, JOB_BACK_MS);
  }

  /** Ends all faults, and waits until all roles are back and all clients connected. */
  async #heal(): Promise<void> {
    const world = this.#world;
    const clients = this.#clients;
    clients.resumeReading();
    world.network.heal();
    await world.until("all roles are back", () => this.#cluster.isWhole, HEALED_MS);
    const isHealed = () => clients.authenticatedCount === CLIENTS;
    // Clients hop from room to room for a while yet, and what is about to break looks whole until then.
    await world.pass(this.profile.logs === undefined ? HOPPING_MS : REGISTERED_MS);
    for (let tries = 0; tries < 10 && !isHealed(); tries++) {
      await world.settled("clients come back", clients.reconnect(), HEALED_MS);
      await world.pass(CLOSED_MS);
    }
    const { authenticatedCount: authenticated, failures } = clients;
    world.check(connectingFinding(authenticated, CLIENTS, failures.at(-1)));
    await world.settled("answers come", clients.answered(), HEALED_MS);
    if (this.profile.logs !== undefined) {
      await world.until(
        "all have what they missed",
        () => clients.liveCount === CLIENTS,
        HEALED_MS,
      );
    }
    world.record("all clients are in");
  }

  /** Without faults, nobody is closed and every heartbeat is answered. */
  async #quiesce(): Promise<void> {
    const { counts } = this.#clients;
    const { lostConnections, heartbeatsSent, heartbeatsMissed } = counts;
    await this.#world.pass(QUIESCE_MS);
    await this.#world.settled("answers come", this.#clients.answered(), HEALED_MS);
    this.#world.check(
      connectionFinding(counts.lostConnections - lostConnections),
      heartbeatFinding({
        heartbeatsSent: counts.heartbeatsSent - heartbeatsSent,
        heartbeatsMissed: counts.heartbeatsMissed - heartbeatsMissed,
      }),
    );
  }

  async #check(): Promise<void> {
    const world = this.#world;
    const { pushLog } = world.store;
    await world.settled("pushes end", this.#pusher.stop(), HEALED_MS);
    this.#publishers?.stop();
    await world.until("the push log is empty", () => pushLog.entries === 0, HEALED_MS);
    for (let before = -1; before < this.#clients.counts.received;) {
      before = this.#clients.counts.received;
      await world.pass(QUIET_MS);
    }
    // What is repaired may come in a while only.
    const { pushes } = this.#pusher;
    for (let passedMs = 0; passedMs < HEALED_MS; passedMs += QUIET_MS) {
      if (!areBehind(world, this.#clients, pushes)) break;
      await world.pass(QUIET_MS);
    }
    this.#expected = checkDeliveries(world, this.#clients, pushes);
    const unexpected = Object.entries(this.#cluster.unexpectedCounts).filter(([, count]) =>
      count > 0
    );
    for (const [what, count] of unexpected) world.fail(`comets count ${count} ${what}`);
    await checkOnline(world, this.#cluster.logics, this.#clients.members(), HEALED_MS);
  }

  /** Clients that fall silent are closed in time. */
  async #fallSilent(): Promise<void> {
    const world = this.#world;
    // Of a few clients, a share may be nobody.
    for (let draw = 0, silent = 0; draw < 100 && silent === 0; draw++) {
      silent = this.#clients.silence({ share: SILENT, seed: this.seed + draw }).length;
    }
    const latestMs = this.#heartbeatMs + LATE_MS;
    await world.pass(latestMs);
    const report = this.#clients.silentReport({ earliestMs: this.#heartbeatMs, latestMs });
    world.check(silentFinding(report, latestMs));
  }

  /** Disconnects everyone, and checks that nothing is left. */
  async #end(): Promise<void> {
    const world = this.#world;
    const cluster = this.#cluster;
    const { sessions, pushLog } = world.store;
    cluster.expireSessions();
    const count = (what: "connections" | "rooms") =>
      cluster.comets.reduce((sum, { comet }) => sum + comet[what], 0);
    const left = () => ({
      connections: count("connections"),
      rooms: count("rooms"),
      sessions: sessions.size,
      pushes: pushLog.entries,
    });
    this.#clients.stop();
    const isNothing = () => Object.values(left()).every((count) => count === 0);
    await world.scheduler.run(world.scheduler.nowMs + GONE_MS, isNothing);
    await checkOnline(world, this.#cluster.logics, this.#clients.members(), HEALED_MS);
    const held = left();
    await world.settled("the roles stop", cluster.stop(), HEALED_MS);
    await world.pass(30_000);
    world.check(leftOverFinding({ ...held, timers: world.scheduler.waiting }));
  }
}

/** Runs one world, from its seed alone; of another kind than the seed's where that is given. */
export function runWorld(seed: number, profile = profileOf(seed)): Promise<WorldReport> {
  return new WorldRun(seed, profile).run();
}
