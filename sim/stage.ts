import { type Clock, sleep } from "../base/clock.ts";
import { edgeOf, Histogram } from "./checkers/histogram.ts";
import { type Spread, type Usage, usageOf } from "./machine.ts";
import type { SimOptions } from "./options.ts";
import type { Pusher } from "./pusher.ts";
import type { Progress } from "./report/progress.ts";
import type { Target } from "./server.ts";
import type { ClientFleet, ConnectPlan, Finding, FleetProgress, Sample } from "./types.ts";

/** How often a run is looked at, in milliseconds. */
const SAMPLE_MS = 500;

/** Two looks less apart say nothing about rates, in seconds. */
const SPAN_S_MIN = 0.1;

/** What a scenario works with. */
export interface StageParts {
  readonly options: SimOptions;
  readonly fleet: ClientFleet;
  readonly pusher: Pusher;
  readonly target: Target;
  readonly spread: Spread;
  /** How clients are opened. */
  readonly plan: Omit<ConnectPlan, "first" | "clients">;
  readonly clock: Clock;
  readonly progress: Progress;
  /** Processors of this machine. */
  readonly cpuCount: number;
}

/** A run under way: its clients, its pushes, and what is seen of them. */
export class Stage {
  readonly options: SimOptions;
  readonly fleet: ClientFleet;
  readonly pusher: Pusher;
  readonly target: Target;
  readonly spread: Spread;
  readonly plan: Omit<ConnectPlan, "first" | "clients">;
  readonly clock: Clock;
  readonly cpuCount: number;
  readonly findings: Finding[] = [];
  readonly notes: Record<string, number | string> = {};
  readonly samples: Sample[] = [];
  readonly latencies = new Histogram();
  /** The clients as last seen. */
  last: FleetProgress | undefined;
  /** Of the server, most and last. */
  usage: Usage | undefined;
  /** Processors that the clients took at last. */
  clientCores = 0;
  /** Memory of the server before the clients came, and with the most clients. */
  #emptyRssBytes = 0;
  #clientsMax = 0;
  #phase = "";
  readonly #progress: Progress;
  readonly #startMs: number;
  #sampling: Promise<void> | undefined;
  #stopped = false;
  readonly #clientsLost = Promise.withResolvers<never>();
  #before = { atMs: 0, received: 0, sent: 0, cpuS: 0, clientCpuS: 0 };

  constructor(parts: StageParts) {
    this.options = parts.options;
    this.fleet = parts.fleet;
    this.pusher = parts.pusher;
    this.target = parts.target;
    this.spread = parts.spread;
    this.plan = parts.plan;
    this.clock = parts.clock;
    this.cpuCount = parts.cpuCount;
    this.#progress = parts.progress;
    this.#startMs = parts.clock.monotonicMs();
    // Whoever waits is told; nobody may.
    this.#clientsLost.promise.catch(() => {});
  }

  /** What the run is at. */
  phase(name: string): void {
    this.#phase = name;
    this.#progress.phase(name);
  }

  find(...findings: Finding[]): void {
    this.findings.push(...findings);
  }

  /** Since the start, in seconds. */
  get elapsedS(): number {
    return (this.clock.monotonicMs() - this.#startMs) / 1_000;
  }

  /** @throws {Error} When the clients do not answer any more. */
  async wait(spanMs: number): Promise<void> {
    await Promise.race([sleep(this.clock, spanMs), this.#clientsLost.promise]);
  }

  /** Begins to look at the run. */
  watch(): void {
    this.#emptyRssBytes = this.#usage()?.rssBytes ?? 0;
    this.#before = { ...this.#before, atMs: this.clock.monotonicMs() };
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
    const seen = await this.fleet.progress();
    this.last = seen;
    const recent = new Histogram();
    for (const [bucket, count] of seen.latencies) {
      recent.addBucket(bucket, count);
      this.latencies.addBucket(bucket, count);
    }
    this.#clientsMax = Math.max(this.#clientsMax, seen.authenticated);
    const usage = this.#usage();
    if (usage !== undefined) {
      const rssBytes = Math.max(usage.rssBytes, this.usage?.rssBytes ?? 0);
      this.usage = { cpuS: usage.cpuS, rssBytes };
    }
    const atMs = this.clock.monotonicMs();
    const spanS = (atMs - this.#before.atMs) / 1_000;
    if (spanS < SPAN_S_MIN) return;
    this.clientCores = (seen.cpuS - this.#before.clientCpuS) / spanS;
    const perRoom = seen.authenticated / this.options.rooms;
    const sample: Sample = {
      atS: (atMs - this.#startMs) / 1_000,
      phase: this.#phase,
      clients: seen.authenticated,
      expectedPerS: (this.pusher.sent - this.#before.sent) * perRoom / spanS,
      receivedPerS: (seen.received - this.#before.received) / spanS,
      p50Ms: recent.quantile(0.5),
      p99Ms: recent.quantile(0.99),
      serverCores: usage === undefined ? undefined : (usage.cpuS - this.#before.cpuS) / spanS,
      serverRssBytes: usage?.rssBytes,
    };
    this.#before = {
      atMs,
      received: seen.received,
      sent: this.pusher.sent,
      cpuS: usage?.cpuS ?? 0,
      clientCpuS: seen.cpuS,
    };
    this.samples.push(sample);
    this.#progress.sample(sample, this.latency);
  }

  /** By how much the server's memory grew for each client. */
  get rssPerClientBytes(): number {
    const grownBytes = (this.usage?.rssBytes ?? 0) - this.#emptyRssBytes;
    return this.#clientsMax === 0 ? 0 : Math.round(grownBytes / this.#clientsMax);
  }

  /** Waits until nothing more comes. */
  async drain(): Promise<void> {
    this.phase("drain");
    for (let quiet = 0, before = -1; quiet < 3;) {
      await this.wait(SAMPLE_MS);
      const received = this.last?.received ?? 0;
      quiet = received === before ? quiet + 1 : 0;
      before = received;
    }
  }

  /** Latencies of all deliveries so far, in milliseconds. */
  get latency(): { readonly p50: number; readonly p99: number; readonly max: number } {
    const { latencies } = this;
    return { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), max: latencies.max };
  }

  /** The histogram of all latencies. */
  get histogram(): readonly (readonly [number, number])[] {
    return this.latencies.buckets().map(([bucket, count]) => [edgeOf(bucket), count]);
  }

  #usage(): Usage | undefined {
    const { child } = this.target;
    return child === undefined ? undefined : usageOf(child.pid);
  }

  #lose(error: Error): void {
    this.#stopped = true;
    this.#clientsLost.reject(error);
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await this.wait(SAMPLE_MS);
      if (!this.#stopped) await this.sample().catch((error) => this.#lose(error));
    }
  }
}
