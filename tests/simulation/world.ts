/**
 * The simulated world: production roles, virtual clients and a store, each on a simulated host, with
 * network, clocks and chance all from one seed. `run_world.ts` is the life of one world, `faults.ts`
 * what goes wrong in it, `scheduler.ts` the one queue that decides what happens next. One seed runs
 * with `deno run -A tests/simulation/main.ts SEED`.
 */
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import type { Finding } from "../../sim/types.ts";
import { MemoryPorts } from "../memory_platform/streams.ts";
import { Host } from "./host.ts";
import { Network } from "./network.ts";
import type { Profile } from "./profile.ts";
import { Scheduler } from "./scheduler.ts";
import { Store } from "./store.ts";

/** Bytes that the systems of a world may hold per connection: small ones cut writes to pieces. */
const BUFFER_BYTES = [48, 700, 4_096, 262_144];

/** The same where pushes have more bytes than this: in small pieces they would take for ever. */
const LARGE_BYTES = 1_000;
const LARGE_BUFFER_BYTES = [4_096, 16_384];

/** Everything there is, and all of it by one seed: machines, what lies between them, and time. */
export class World {
  readonly prng: Prng;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly ports = new MemoryPorts();
  readonly store: Store;
  /** What went wrong, in words. */
  readonly failures: string[] = [];
  /** What happened when, for those who look at one world alone. */
  readonly trace: string[] = [];
  #hosts = 0;

  constructor(seed: number, private readonly profile: Profile) {
    this.prng = seededPrng(seed);
    this.scheduler = new Scheduler(seededPrng(seed + 0x5eed));
    this.network = new Network(this.prng);
    this.store = new Store(this.newHost("store"), this.network, this.prng, profile.offsetMax);
  }

  /** @param mayHaveSlowLinks Whether what it dials may take longer than usual. */
  newHost(name: string, mayHaveSlowLinks = false): Host {
    const sizes = this.profile.size > LARGE_BYTES ? LARGE_BUFFER_BYTES : BUFFER_BYTES;
    const bytes = sizes[randomBelow(this.prng, sizes.length)];
    return new Host(this, this.#hosts++, name, bytes, mayHaveSlowLinks);
  }

  /** Notes something that happens. */
  record(what: string): void {
    this.trace.push(`${(this.scheduler.nowMs / 1_000).toFixed(3).padStart(8)} s  ${what}`);
  }

  fail(failure: string): void {
    this.record(`FAILED: ${failure}`);
    this.failures.push(failure);
  }

  /** Notes what does not hold. */
  check(...findings: readonly Finding[]): void {
    for (const { ok, check, text } of findings) if (!ok) this.fail(`${check}: ${text}`);
  }

  /** Notes when something goes wrong that nobody waits for. */
  watch(promise: Promise<unknown>): void {
    promise.catch((error) => this.fail(String(error)));
  }

  /** Lets time pass. */
  pass(spanMs: number): Promise<void> {
    return this.scheduler.run(this.scheduler.nowMs + spanMs);
  }

  /**
   * Lets time pass until something holds.
   *
   * @param what In words, for when it does not in time.
   * @returns Whether it holds.
   */
  async until(what: string, holds: () => boolean, mostMs: number): Promise<boolean> {
    await this.scheduler.run(this.scheduler.nowMs + mostMs, holds);
    if (!holds()) this.fail(`${what}: not within ${mostMs / 1_000} s`);
    return holds();
  }

  /** Lets time pass until a promise settles. */
  async settled(what: string, promise: Promise<unknown>, mostMs: number): Promise<boolean> {
    let over = false;
    promise.then(() => over = true, (error) => {
      over = true;
      this.fail(`${what}: ${error}`);
    });
    return await this.until(what, () => over, mostMs);
  }
}
