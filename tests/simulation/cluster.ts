import { randomBelow } from "../../base/prng.ts";
import type { PushOptions } from "../../logic/push_options.ts";
import type { StreamPosition } from "../../protocol/history.ts";
import type { Comet } from "../../comet/comet.ts";
import {
  type CometRole,
  COMETS,
  JOBS_MAX,
  type LogicRole,
  LOGICS,
  type SimulatedRole,
} from "./roles.ts";
import { startComet, startJob, startLogic } from "./roles.ts";
import type { Profile } from "./profile.ts";
import type { World } from "./world.ts";

/** How long a push may take to be answered, in milliseconds. */
const ANSWER_MS = 10_000;

/** All roles of a world: starts, kills and stops them. */
export class Cluster {
  readonly comets: CometRole[] = [];
  readonly logics: LogicRole[] = [];
  readonly jobs: SimulatedRole[] = [];
  #runs = 0;
  #pushes = 0;

  /** Runs of comets that were killed. */
  readonly #killed: string[] = [];
  /** Every comet that ever ran. */
  readonly #allComets: Comet[] = [];

  /** @param heartbeatMs After how long without a heartbeat a client is closed, in milliseconds. */
  constructor(
    private readonly world: World,
    private readonly profile: Profile,
    private readonly heartbeatMs: number,
  ) {}

  /** Counts of comets that stay 0 unless a comet is wrong, by name. */
  get unexpectedCounts(): Readonly<Record<string, number>> {
    const sum = (name: "protocolErrors" | "deliveryFailures" | "heartbeatTimeouts") =>
      this.#allComets.reduce((total, { counters }) => total + counters[name], 0);
    return {
      "broken frames": sum("protocolErrors"),
      "broken pushes": sum("deliveryFailures"),
      // However long a comet stood still: its clients never did.
      "clients closed for silence": sum("heartbeatTimeouts"),
    };
  }

  async start(): Promise<void> {
    for (let index = 0; index < LOGICS; index++) await this.#start("logic", index);
    for (let index = 0; index < COMETS; index++) await this.#start("comet", index);
    const jobs = 1 + randomBelow(this.world.prng, JOBS_MAX);
    for (let index = 0; index < jobs; index++) await this.#start("job", index);
  }

  get roles(): readonly SimulatedRole[] {
    return [...this.comets, ...this.jobs, ...this.logics];
  }

  /** Kills a role; another run of it begins after a while. */
  kill(role: SimulatedRole, backAfterMs: number): void {
    const { world } = this;
    const [kind, index] = role.host.name.split("-");
    world.record(`${role.host.name} is killed, back in ${Math.round(backAfterMs)} ms`);
    role.host.die();
    const comet = this.comets.find(({ host }) => host === role.host);
    if (comet !== undefined) this.#killed.push(comet.server);
    world.store.host.after(backAfterMs, () => {
      world.record(`${role.host.name} starts again`);
      world.watch(this.#start(kind, Number(index)));
    });
  }

  /**
   * Passes the time after which a store forgets sessions that nobody renews: it may have got some of
   * a comet that it had lost and that was killed before it registered again.
   */
  expireSessions(): void {
    for (const server of this.#killed) this.world.store.sessions.forgetServer(server);
  }

  /** Whether every role lives and moves. */
  get isWhole(): boolean {
    return this.roles.every(({ host }) => !host.isDead && !host.isFrozen);
  }

  /**
   * Pushes to a room through one of the logics; through another as well, where that fails.
   *
   * @returns Whether it was answered with code 0, or where it stands in the room's log then.
   */
  async push(room: number, body: Uint8Array): Promise<StreamPosition | boolean> {
    const { prng } = this.world;
    const { retries } = this.profile;
    const options = retries === 0 ? {} : { id: `push ${++this.#pushes}` };
    for (let tries = 0; tries <= retries; tries++) {
      const answer = await this.#pushOnce(randomBelow(prng, LOGICS), room, body, options);
      if (answer !== false) return answer;
    }
    return false;
  }

  #pushOnce(
    logicIndex: number,
    room: number,
    body: Uint8Array,
    options: PushOptions,
  ): Promise<StreamPosition | boolean> {
    const { host, logic } = this.logics[logicIndex];
    const { network, store } = this.world;
    if (host.isDead) return Promise.resolve(false);
    return new Promise((resolve) => {
      const forget = host.onDeath(() => resolve(false));
      // The client waits on a clock that is nobody's.
      store.host.after(ANSWER_MS, () => resolve(false));
      host.after(network.latencyMs(host), () => {
        logic.push.room(1000, "sim", String(room), body, options)
          .then((position) => position ?? true, () => false)
          .then((accepted) => {
            host.after(network.latencyMs(host), () => {
              forget();
              resolve(accepted);
            });
          });
      });
    });
  }

  /** Ends all roles, those next to the clients first. */
  async stop(): Promise<void> {
    await Promise.all(this.comets.map((role) => role.stop()));
    await Promise.all(this.jobs.map((role) => role.stop()));
    await Promise.all(this.logics.map((role) => role.stop()));
  }

  async #start(kind: string, index: number): Promise<void> {
    const run = ++this.#runs;
    const { world, profile, heartbeatMs } = this;
    if (kind === "comet") {
      const role = await startComet(world, index, run, profile, heartbeatMs);
      this.comets[index] = role;
      this.#allComets.push(role.comet);
    } else if (kind === "logic") {
      this.logics[index] = await startLogic(world, index, run, profile);
    } else this.jobs[index] = startJob(world, index, run, profile);
  }
}
