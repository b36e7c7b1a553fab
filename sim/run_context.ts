import { CancellableDelay } from "../base/cancellable_delay.ts";
import type { Clock } from "../base/clock.ts";
import { edgeOf, Histogram } from "./checkers/histogram.ts";
import type { Fleet } from "./client/fleet.ts";
import { type Usage, usageOf } from "./machine.ts";
import type { SimOptions } from "./options.ts";
import type { Pusher } from "./pusher.ts";
import type { ProgressDisplay } from "./report/progress.ts";
import type { ServerApi } from "./server_api.ts";
import { ServerFailed, type ServerUnderTest } from "./server_process.ts";
import { ratesBetween, type Totals } from "./totals.ts";
import type { ConnectPlan, Finding, FleetProgress, Sample } from "./types.ts";

/** How often a run is sampled, in milliseconds. */
const SAMPLE_MS = 500;

/** Samples less apart say nothing about rates, in milliseconds. */
const INTERVAL_MS_MIN = 100;

/** How many samples in a row must find nothing new before all counts as arrived. */
const QUIET_SAMPLES = 3;

/** What a scenario works with. */
export interface RunContextDependencies {
  readonly options: SimOptions;
  readonly fleet: Fleet;
  readonly pusher: Pusher;
  readonly server: ServerUnderTest;
  readonly api: ServerApi;
  /** How clients are opened. */
  readonly plan: Omit<ConnectPlan, "first" | "clients">;
  readonly clock: Clock;
  readonly progress: ProgressDisplay;
  /** Processors of this machine. */
  readonly cpuCount: number;
}

/** What was measured of a run between two moments. */
export interface Interval {
  readonly before: Totals;
  readonly after: Totals;
  readonly latencies: Histogram;
}

/** A run under way: its clients, its pushes, and what is measured of them. */
export class RunContext {
  readonly options: SimOptions;
  readonly fleet: Fleet;
  readonly pusher: Pusher;
  readonly api: ServerApi;
  readonly plan: RunContextDependencies["plan"];
  readonly clock: Clock;
  readonly cpuCount: number;
  readonly findings: Finding[] = [];
  readonly notes: Record<string, number | string> = {};
  readonly samples: Sample[] = [];
  /** The clients at the last sample. */
  last: FleetProgress | undefined;
  /** Of the server, most and last. */
  usage: Usage | undefined;
  readonly #latencies = new Histogram();
  /** Those since {@linkcode measure} was last called, and when that was. */
  #intervalLatencies = new Histogram();
  #intervalStart: Totals | undefined;
  /** Memory of the server before the clients came, and with the most clients. */
  #emptyRssBytes = 0;
  #clientsMax = 0;
  #phase = "";
  readonly #startMs: number;
  #sampling: Promise<void> | undefined;
  #stopped = false;
  readonly #delay: CancellableDelay;
  /** Why the run is over before its time. */
  #failure: Error | undefined;
  #before: Totals | undefined;
  #sampleCount = 0;

  constructor(private readonly parts: RunContextDependencies) {
    this.options = parts.options;
    this.fleet = parts.fleet;
    this.pusher = parts.pusher;
    this.api = parts.api;
    this.plan = parts.plan;
    this.clock = parts.clock;
    this.cpuCount = parts.cpuCount;
    this.#startMs = parts.clock.monotonicMs();
    this.#delay = new CancellableDelay(parts.clock);
    void parts.server.child?.ended.then((how) =>
      this.#break(new ServerFailed(`the server ended with ${how}`))
    );
  }

  /** What the run is at. */
  phase(name: string): void {
    this.#phase = name;
    this.parts.progress.phase(name);
  }

  find(...findings: Finding[]): void {
    this.findings.push(...findings);
  }

  /**
   * Waits.
   *
   * @throws {ServerFailed} When the run's own server ends meanwhile.
   * @throws {Error} When the clients do not answer any more.
   */
  async wait(spanMs: number): Promise<void> {
    await this.#delay.wait(spanMs);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** @throws {ServerFailed} When the run's own server has ended. */
  checkServer(): void {
    if (this.#failure instanceof ServerFailed) throw this.#failure;
  }

  /** Begins to sample the run. */
  watch(): void {
    this.#emptyRssBytes = this.#usage()?.rssBytes ?? 0;
    this.#sampling = this.#watch();
  }

  /** Samples once more, and no more. */
  async unwatch(): Promise<void> {
    this.#stopped = true;
    await this.#sampling;
    await this.sample();
  }

  /** Samples clients and server now. */
  async sample(): Promise<void> {
    const seen = this.last = await this.fleet.progress();
    this.#sampleCount++;
    const recent = new Histogram();
    for (const [bucket, count] of seen.latencies) {
      for (const histogram of [recent, this.#latencies, this.#intervalLatencies]) {
        histogram.addBucket(bucket, count);
      }
    }
    this.#clientsMax = Math.max(this.#clientsMax, seen.authenticated);
    const usage = this.#usage();
    if (usage !== undefined) {
      const rssBytes = Math.max(usage.rssBytes, this.usage?.rssBytes ?? 0);
      this.usage = { cpuS: usage.cpuS, rssBytes };
    }
    const now = this.#totals();
    const before = this.#before ??= now;
    if (now.atMs - before.atMs < INTERVAL_MS_MIN) return;
    this.#before = now;
    const { duePerS, receivedPerS, serverCores, clientCores } = ratesBetween(before, now);
    const sample: Sample = {
      atS: (now.atMs - this.#startMs) / 1_000,
      phase: this.#phase,
      clients: seen.authenticated,
      expectedPerS: duePerS * seen.authenticated / this.options.rooms,
      receivedPerS,
      p50Ms: recent.quantile(0.5),
      p99Ms: recent.quantile(0.99),
      serverCores,
      serverRssBytes: usage?.rssBytes,
      clientCores,
    };
    this.samples.push(sample);
    this.parts.progress.sample(sample, this.latency);
  }

  /** What was measured since this was last called. */
  async measure(): Promise<Interval> {
    await this.sample();
    const after = this.#totals();
    const span = {
      before: this.#intervalStart ?? after,
      after,
      latencies: this.#intervalLatencies,
    };
    this.#intervalStart = after;
    this.#intervalLatencies = new Histogram();
    return span;
  }

  /** By how much the server's memory grew for each client. */
  get rssPerClientBytes(): number {
    const grownBytes = (this.usage?.rssBytes ?? 0) - this.#emptyRssBytes;
    return this.#clientsMax === 0 ? 0 : Math.round(grownBytes / this.#clientsMax);
  }

  /** Waits until nothing more comes. */
  async drain(): Promise<void> {
    this.phase("drain");
    for (let quiet = 0, before = -1; quiet < QUIET_SAMPLES;) {
      const sampleCount = this.#sampleCount;
      while (this.#sampleCount === sampleCount) await this.wait(SAMPLE_MS);
      const { received } = this.last!;
      quiet = received === before ? quiet + 1 : 0;
      before = received;
    }
  }

  /** Latencies of all deliveries so far, in milliseconds. */
  get latency(): { readonly p50: number; readonly p99: number; readonly max: number } {
    const latencies = this.#latencies;
    return { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), max: latencies.max };
  }

  /** The histogram of all latencies. */
  get histogram(): readonly (readonly [number, number])[] {
    return this.#latencies.buckets().map(([bucket, count]) => [edgeOf(bucket), count]);
  }

  #totals(): Totals {
    const { pusher, last } = this;
    return {
      atMs: this.clock.monotonicMs(),
      received: last?.received ?? 0,
      due: pusher.due,
      refused: pusher.failed,
      lostConnections: last?.lostConnections ?? 0,
      heartbeatsMissed: last?.heartbeatsMissed ?? 0,
      serverCpuS: this.usage?.cpuS,
      clientCpuS: last?.cpuS ?? 0,
    };
  }

  #usage(): Usage | undefined {
    const { child } = this.parts.server;
    return child === undefined ? undefined : usageOf(child.pid);
  }

  #break(error: Error): void {
    this.#stopped = true;
    this.#failure ??= error;
    this.#delay.cancel();
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await this.wait(SAMPLE_MS).catch(() => {});
      if (!this.#stopped) await this.sample().catch((error) => this.#break(error));
    }
  }
}
