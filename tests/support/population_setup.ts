import assert from "node:assert/strict";
import { type Clock, ManualClock, promisesSettled } from "../../base/clock.ts";
import type { Streams } from "../../platform/port.ts";
import { memoryPlatform } from "../memory_platform/mod.ts";
import { encodePushBody } from "../../sim/checkers/push_body.ts";
import { Population } from "../../sim/client/population.ts";
import type { ConnectPlan } from "../../sim/types.ts";
import { ScriptedServer } from "./scripted_server.ts";

const TAG = 7;

/** A population, a server that does as it is told, and the clock of both. */
export class PopulationSetup {
  readonly clock = new ManualClock(1_000);
  readonly streams = memoryPlatform({ clock: this.clock }).streams;
  readonly server = new ScriptedServer(this.clock);
  readonly population: Population;

  /** @param make What judges and drives the clients; those of pushes by default. */
  constructor(
    make = (streams: Streams, clock: Clock): Population =>
      new Population(streams, clock, { tag: TAG }),
  ) {
    this.population = make(this.streams, this.clock);
  }

  /** A population of which so many are in. */
  static async with(clients: number, plan: Partial<ConnectPlan> = {}): Promise<PopulationSetup> {
    const setup = new PopulationSetup();
    await setup.server.listen(setup.streams);
    await setup.settle(setup.population.connect(setup.plan({ clients, ...plan })));
    return setup;
  }

  plan(differing: Partial<ConnectPlan>): ConnectPlan {
    return {
      first: 0,
      clients: 1,
      targets: [`tcp://127.0.0.1:${this.server.port}`],
      rooms: 2,
      rampPerS: 1_000_000,
      exact: true,
      heartbeatMs: 1_000,
      ...differing,
    };
  }

  /** Moves time on. */
  async advance(spanMs: number): Promise<void> {
    await promisesSettled();
    for (let passedMs = 0; passedMs < spanMs; passedMs += 10) {
      this.clock.advance(10);
      await promisesSettled();
    }
  }

  /** Moves time on until a promise settles. */
  async settle<Value>(promise: Promise<Value>): Promise<Value> {
    let isOver = false;
    const over = () => void (isOver = true);
    promise.then(over, over);
    for (let turns = 0; !isOver && turns < 10_000; turns++) await this.advance(10);
    assert.ok(isOver, "it does not settle");
    return await promise;
  }

  /** Has the server send a push to a client. */
  push(client: number, room: number, sequence: number): void {
    const dueMs = this.clock.wallMs();
    const body = encodePushBody({ tag: TAG, room, sequence, dueMs, size: 40 });
    this.server.client(`sim-${client}`).send(1000, body);
  }

  /** What the receipts say, when so many pushes were sent to each room a moment ago. */
  totals(last: number) {
    const ms = Array.from({ length: last }, () => this.clock.wallMs());
    const pushes = [0, 1].map((room) => ({ room, last, failed: [], sentMs: ms, answeredMs: ms }));
    const { failures: _, ...counts } = this.population.receipts.totals(pushes);
    return counts;
  }

  /** Lets all go, and looks that nothing is left. */
  async end(): Promise<void> {
    this.population.stop();
    await this.advance(20);
    assert.deepEqual([this.server.open, this.population.connectedCount], [0, 0]);
  }
}
