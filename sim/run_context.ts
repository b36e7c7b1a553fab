import { CancellableDelay } from "../base/cancellable_delay.ts";
import type { Clock } from "../base/clock.ts";
import { edgeOf, Histogram } from "./checkers/histogram.ts";
import { type Usage, usageOf } from "./machine.ts";
import type { SimOptions } from "./options.ts";
import type { Pusher } from "./pusher.ts";
import type { Progress } from "./report/progress.ts";
import { ServerFailed, type Target } from "./server.ts";
import { ratesBetween, type Totals } from "./totals.ts";
import type { ClientFleet, ConnectPlan, Finding, FleetProgress, Sample } from "./types.ts";

/** How often a run is looked at, in milliseconds. */
const SAMPLE_MS = 500;

/** Two looks less apart say nothing about rates, in milliseconds. */
const SPAN_MS_MIN = 100;

/** How many looks must find nothing new when all has come. */
const QUIET_LOOKS = 3;

/** What a scenario works with. */
export interface RunContextDependencies {
  readonly options: SimOptions;
  readonly fleet: ClientFleet;
  readonly pusher: Pusher;
  readonly target: Target;
  /** How clients are opened. */
  readonly plan: Omit<ConnectPlan, "first" | "clients">;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Processors of this machine. */
  readonly cpuCount: number;
}

/** What was seen of a run between two moments. */
export interface Span {
  readonly before: Totals;
  readonly after: Totals;
  readonly latencies: Histogram;
}

/** A run under way: its clients, its pushes, and what is seen of them. */
export class RunContext {
  readonly findings: Finding[] = [];
  readonly notes: Record<string, number | string> = {};
  readonly samples: Sample[] = [];
  /** The clients as last seen. */
  last: FleetProgress | undefined;
  /** Of the server, most and last. */
  usage: Usage | undefined;
  readonly #latencies = new Histogram();
  /** Those since {@linkcode measure} was last called, and when that was. */
  #spanLatencies = new Histogram();
  #spanBefore: Totals | undefined;
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
  #looks = 0;

  constructor(private readonly parts: RunContextDependencies) {
    this.#startMs = parts.clock.monotonicMs();
    this.#delay = new CancellableDelay(parts.clock);
    void parts.target.child?.ended.then((how) =>
      this.#break(new ServerFailed(`the server ended with ${how}`))
    );
  }

  get options(): SimOptions {
    return this.parts.options;
  }

  get fleet(): ClientFleet {
    return this.parts.fleet;
  }

  get pusher(): Pusher {
    return this.parts.pusher;
  }

  get target(): Target {
    return this.parts.target;
  }

  get plan(): RunContextDependencies["plan"] {
    return this.parts.plan;
  }

  get clock(): Clock {
    return this.parts.clock;
  }

  get cpuCount(): number {
    return this.parts.cpuCount;
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

  /** Begins to look at the run. */
  watch(): void {
    this.#emptyRssBytes = this.#usage()?.rssBytes ?? 0;
    this.#sampling = this.#watch();
  }

  /** Looks once more, and no more. */
  async unwatch(): Promise<void> {
    this.#stopped = true;
    await this.#sampling;
    await this.sample();
  }

  /** Looks at clients and server now. */
  async sample(): Promise<void> {
    const seen = this.last = await this.fleet.progress();
    this.#looks++;
    const recent = new Histogram();
    for (const [bucket, count] of seen.latencies) {
      for (const histogram of [recent, this.#latencies, this.#spanLatencies]) {
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
    if (now.atMs - before.atMs < SPAN_MS_MIN) return;
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

  /** What was seen since this was last called. */
  async measure(): Promise<Span> {
    await this.sample();
    const after = this.#totals();
    const span = { before: this.#spanBefore ?? after, after, latencies: this.#spanLatencies };
    this.#spanBefore = after;
    this.#spanLatencies = new Histogram();
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
    for (let quiet = 0, before = -1; quiet < QUIET_LOOKS;) {
      const looks = this.#looks;
      while (this.#looks === looks) await this.wait(SAMPLE_MS);
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
    const { child } = this.target;
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
