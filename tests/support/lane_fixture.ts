import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { seededPrng } from "../../base/prng.ts";
import { StaticCometDirectory } from "../../job/comet_directory.ts";
import { JobCounters } from "../../job/counters.ts";
import { Lane } from "../../job/lane.ts";
import { LanePush } from "../../job/lane_push.ts";
import { jobDefaults, type JobOptions } from "../../job/options.ts";
import type { PushMessage } from "../../protocol/push_message.ts";
import { FakeComet, roomPush } from "./job_fakes.ts";

/** One lane, to a comet that answers when the test says so. */
export class LaneFixture {
  readonly clock = new ManualClock();
  readonly comets = new StaticCometDirectory();
  readonly comet = new FakeComet(true);
  readonly counters = new JobCounters();
  readonly lane: Lane;
  /** Positions of the pushes the lane is done with, each time it says so. */
  readonly acked: number[] = [];
  readonly #acks = {
    lease: { partition: 0, owner: "job", token: 1 },
    ack: (position: number) => void this.acked.push(position),
    fenced: () => {},
  };
  #last = 0;

  constructor(options: Partial<JobOptions> = {}) {
    this.comets.add("s", this.comet);
    this.lane = new Lane("s", this.comet, {
      comets: this.comets,
      clock: this.clock,
      prng: seededPrng(1),
      options: { ...jobDefaults, ...options },
      counters: this.counters,
    });
  }

  add(message: PushMessage): number {
    const position = ++this.#last;
    this.lane.add(new LanePush({ position, message }, 1, this.#acks));
    return position;
  }

  /** Puts one push on its way and adds others until the lane is full. */
  async fill(): Promise<void> {
    this.add(roomPush("r://1", "first"));
    await promisesSettled();
    while (!this.lane.full) this.add(roomPush("r://1", "x".repeat(1_000)));
  }
}
