import type { Clock } from "../base/clock.ts";
import type { LogicApi } from "../protocol/rpc/contract.ts";
import type { CometCounters } from "./counters.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Membership } from "./membership.ts";
import { TICK_MS } from "./options.ts";
import type { Session } from "./session.ts";

/** Tells logic how many are here, and takes home how many are elsewhere. */
export class Reporter {
  /** When the last report began. */
  #beganMs: number;
  #underWay = false;

  constructor(
    private readonly lifecycle: Lifecycle,
    private readonly session: Session,
    private readonly membership: Membership,
    private readonly logic: LogicApi,
    private readonly clock: Clock,
    private readonly counters: CometCounters,
  ) {
    this.#beganMs = clock.monotonicMs();
  }

  /** To be called every tick; reports when it is time and the last report has been answered. */
  tick(periodMs: number): void {
    const nowMs = this.clock.monotonicMs();
    const passedMs = nowMs - this.#beganMs;
    // Ticks come a little early or late.
    if (passedMs < periodMs - TICK_MS / 2 || this.#underWay) return;
    if (!this.membership.isReporting) return;
    this.#beganMs = nowMs;
    this.#underWay = true;
    this.membership.renewSome(passedMs);
    this.#report(nowMs).catch((error) => this.#failed(error))
      .finally(() => this.#underWay = false);
  }

  #failed(error: unknown): void {
    this.counters.logicFailures++;
    this.membership.reportFailed(error);
  }

  async #report(sentMs: number): Promise<void> {
    const { channels, rooms, server } = this.lifecycle;
    const here = rooms.counts();
    const everywhere = await this.logic.report({
      server,
      connections: channels.size,
      addresses: channels.addresses,
      rooms: here,
    });
    this.membership.reported(sentMs);
    const elsewhere = new Map<string, number>();
    for (const [key, count] of everywhere) {
      const remote = count - (here.get(key) ?? 0);
      if (remote > 0) elsewhere.set(key, remote);
    }
    this.session.remoteOnline = elsewhere;
  }
}
