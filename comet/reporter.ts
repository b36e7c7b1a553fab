import type { Clock } from "../base/clock.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import type { CometCounters } from "./counters.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import type { ClusterRegistration } from "./cluster_registration.ts";
import { TICK_MS } from "./options.ts";

/** Tells logic how many are here, and takes home how many are elsewhere: what changed of both. */
export class Reporter {
  /** When the last report began. */
  #beganMs: number;
  #underWay = false;
  /** The last report, and the last that was answered when nothing has failed since; 0 for none. */
  #sequence = 0;
  #answered = 0;
  #failing = false;
  /** Whether reports say that the comet goes, and whether one that said so was taken. */
  #isOffline = false;
  #isUrgent = false;
  #isKnownOffline = false;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly registration: ClusterRegistration,
    private readonly logic: LogicApi,
    private readonly clock: Clock,
    private readonly counters: CometCounters,
  ) {
    this.#beganMs = clock.monotonicMs();
  }

  /** Whether logic failed to take the last report. */
  get isFailing(): boolean {
    return this.#failing;
  }

  /** Whether logic knows that no more clients are to be sent here. */
  get isKnownOffline(): boolean {
    return this.#isKnownOffline;
  }

  /** Has no more clients sent here: every report says so, the first at the next tick. */
  goOffline(): void {
    this.#isOffline = true;
    this.#isUrgent = true;
  }

  /** To be called every tick; reports when it is time and the last report has been answered. */
  tick(periodMs: number): void {
    const nowMs = this.clock.monotonicMs();
    const passedMs = nowMs - this.#beganMs;
    // Ticks come a little early or late.
    const isDue = this.#isUrgent || passedMs >= periodMs - TICK_MS / 2;
    if (!isDue || this.#underWay || !this.registration.isReporting) return;
    this.#isUrgent = false;
    this.#beganMs = nowMs;
    this.#underWay = true;
    this.registration.renewSome(passedMs);
    this.#report(nowMs).catch((error) => this.#failed(error))
      .finally(() => this.#underWay = false);
  }

  #failed(error: unknown): void {
    // It may have been taken all the same: the next says everything.
    this.#answered = 0;
    this.#failing = true;
    this.counters.logicFailures++;
    this.registration.reportFailed(error);
  }

  async #report(sentMs: number): Promise<void> {
    const { rooms } = this.connections;
    const isOffline = this.#isOffline;
    let changes = this.#answered === 0 ? undefined : await this.#send(this.#answered);
    if (changes === undefined) {
      changes = await this.#send(0);
      if (changes === undefined) throw new Error("Cannot report: logic does not take everything");
      rooms.elsewhere.clear();
    }
    this.#answered = this.#sequence;
    this.#failing = false;
    this.#isKnownOffline = isOffline;
    this.registration.reported(sentMs);
    for (const [room, members] of changes) {
      if (members > 0) rooms.elsewhere.set(room, members);
      else rooms.elsewhere.delete(room);
    }
  }

  /** @param base As for {@linkcode CometReport}; 0 says everything. */
  #send(base: number): Promise<ReadonlyMap<string, number> | undefined> {
    const { channels, rooms, server } = this.connections;
    const changes = rooms.takeChanges(base === 0);
    for (const [room, members] of changes) {
      if (members === 0) rooms.elsewhere.delete(room);
    }
    return this.logic.report({
      server,
      sequence: ++this.#sequence,
      base,
      connections: channels.size,
      addresses: channels.addresses,
      rooms: changes,
      offline: this.#isOffline,
    });
  }
}
