import { CancellableDelay } from "../base/cancellable_delay.ts";
import { preciseClock } from "../platform/system_clock.ts";
import type { Mute } from "./checkers/show_findings.ts";
import { edgeOf, Histogram } from "./checkers/histogram.ts";
import type { Fleet } from "./client/fleet.ts";
import { type Usage, usageOf } from "./machine.ts";
import type { SimOptions } from "./options.ts";
import { Pusher } from "./pusher.ts";
import type { ProgressDisplay } from "./report/progress.ts";
import type { MessageTotals } from "./show/types.ts";
import { ServerApi } from "./server_api.ts";
import { ServerFailed, type ServerUnderTest } from "./server_process.ts";
import type { ClientCounts, ConnectPlan, Finding, FleetProgress, Report, Sample } from "./types.ts";

/** How often a run is sampled, in milliseconds. */
const SAMPLE_MS = 500;

/** Samples less apart say nothing about rates, in milliseconds. */
const INTERVAL_MS_MIN = 100;

/** How many samples in a row must find nothing new before all counts as arrived. */
const QUIET_SAMPLES = 3;

/** What a run has come to at one moment; everything only grows. */
interface Totals extends ClientCounts {
  /** Monotonic, in milliseconds. */
  readonly atMs: number;
  /** Pushes that were due, and those that were not accepted. */
  readonly due: number;
  readonly refused: number;
  /** CPU time in seconds; NaN of a server that runs elsewhere. */
  readonly serverCpuS: number;
  readonly cpuS: number;
}

/** What was measured of a run between two moments. */
export interface Interval {
  readonly before: Totals;
  readonly after: Totals;
  readonly latencies: Histogram;
}

/** What a run does between two moments that are apart, per second; of CPU time, processors. */
export function ratesBetween({ before, after }: Omit<Interval, "latencies">): Totals {
  const spanS = (after.atMs - before.atMs) / 1_000;
  const rates = Object.entries(after).map(([name, value]) => [
    name,
    (value - before[name as keyof Totals]) / spanS,
  ]);
  return Object.fromEntries(rates);
}

/** A run under way: its clients, its pushes, and what is measured of them. */
export class RunContext {
  readonly pusher: Pusher;
  readonly api: ServerApi;
  readonly findings: Finding[] = [];
  readonly notes: Record<string, number | string> = {};
  readonly samples: Sample[] = [];
  /** Whom a moderator has muted in a show. */
  mute: Mute | undefined;
  /** What became of the messages of clients in a show, once that is known. */
  messages: MessageTotals | undefined;
  /** The clients at the last sample. */
  last: FleetProgress | undefined;
  /** Of the server, most and last. */
  #usage: Usage | undefined;
  readonly #latencies = new Histogram();
  /** Those since {@linkcode measure} was last called, and when that was. */
  #intervalLatencies = new Histogram();
  #intervalStart: Totals | undefined;
  /** Memory of the server before the clients came, and with the most clients. */
  #emptyRssBytes = 0;
  #clientsMax = 0;
  #phase = "";
  readonly #startMs = preciseClock.monotonicMs();
  #sampling: Promise<void> | undefined;
  #stopped = false;
  readonly #delay = new CancellableDelay(preciseClock);
  /** Why the run is over before its time. */
  #failure: Error | undefined;
  #before: Totals | undefined;

  /**
   * @param plan How clients are opened.
   * @param cpuCount Processors of this machine.
   * @param ending When it is over before its time, since someone wants to know what it has found.
   */
  constructor(
    readonly options: SimOptions,
    readonly fleet: Fleet,
    private readonly server: ServerUnderTest,
    readonly plan: Omit<ConnectPlan, "first" | "clients">,
    readonly cpuCount: number,
    private readonly progress: ProgressDisplay,
    readonly ending: AbortSignal,
  ) {
    const { apiKey, rooms, seed: tag, size } = options;
    const api = this.api = new ServerApi(server.apiUrls, apiKey, rooms, plan.roomKeys);
    const send = api.pushToRoom.bind(api);
    this.pusher = new Pusher({ send, tag, size, rooms, clock: preciseClock });
    void server.child?.ended.then((how) =>
      this.#break(new ServerFailed(`the server ended with ${how}`))
    );
  }

  phase(name: string): void {
    this.#phase = name;
    this.progress.phase(name);
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

  watch(): void {
    this.#emptyRssBytes = this.#usageNow()?.rssBytes ?? 0;
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
    const recent = new Histogram();
    for (const [bucket, count] of seen.latencies) {
      for (const histogram of [recent, this.#latencies, this.#intervalLatencies]) {
        histogram.addBucket(bucket, count);
      }
    }
    this.#clientsMax = Math.max(this.#clientsMax, seen.authenticated);
    const usage = this.#usageNow();
    if (usage !== undefined) {
      const rssBytes = Math.max(usage.rssBytes, this.#usage?.rssBytes ?? 0);
      this.#usage = { cpuS: usage.cpuS, rssBytes };
    }
    const after = this.#totals();
    const before = this.#before ??= after;
    if (after.atMs - before.atMs < INTERVAL_MS_MIN) return;
    this.#before = after;
    const rates = ratesBetween({ before, after });
    const { due, received, serverCpuS, cpuS: clientCores, published, refused } = rates;
    const sample: Sample = {
      atS: (after.atMs - this.#startMs) / 1_000,
      phase: this.#phase,
      clients: seen.authenticated,
      expectedPerS: due * seen.authenticated / this.options.rooms,
      receivedPerS: received,
      publishedPerS: published,
      refusedPerS: refused,
      p50Ms: recent.quantile(0.5),
      p99Ms: recent.quantile(0.99),
      serverCores: Number.isNaN(serverCpuS) ? undefined : serverCpuS,
      serverRssBytes: usage?.rssBytes,
      clientCores,
    };
    this.samples.push(sample);
    this.progress.sample(sample, this.latency);
  }

  /** What was measured since this was last called. */
  async measure(): Promise<Interval> {
    await this.sample();
    const after = this.#totals();
    const before = this.#intervalStart ?? after;
    const span = { before, after, latencies: this.#intervalLatencies };
    this.#intervalStart = after;
    this.#intervalLatencies = new Histogram();
    return span;
  }

  /** Waits until nothing more comes. */
  async drain(): Promise<void> {
    this.phase("drain");
    for (let quiet = 0, before = -1; quiet < QUIET_SAMPLES;) {
      const { last } = this;
      while (this.last === last) await this.wait(SAMPLE_MS);
      const { received } = this.last!;
      quiet = received === before ? quiet + 1 : 0;
      before = received;
    }
  }

  /** What the server has used; undefined for one that runs elsewhere. */
  get usage(): Report["server"] {
    if (this.#usage === undefined) return undefined;
    const grownBytes = this.#usage.rssBytes - this.#emptyRssBytes;
    const rssPerClientBytes = this.#clientsMax && Math.round(grownBytes / this.#clientsMax);
    return { ...this.#usage, rssPerClientBytes };
  }

  /** Latencies of all deliveries so far, in milliseconds. */
  get latency(): Report["latencyMs"] {
    const latencies = this.#latencies;
    return { p50: latencies.quantile(0.5), p99: latencies.quantile(0.99), max: latencies.max };
  }

  get histogram(): Report["histogram"] {
    return this.#latencies.buckets().map(([bucket, count]) => [edgeOf(bucket), count]);
  }

  #totals(): Totals {
    const { pusher, last } = this;
    const due = pusher.due + last!.published;
    const refused = pusher.failed + last!.refused;
    const { latencies: _, failures: __, ...counts } = last!;
    const atMs = preciseClock.monotonicMs();
    return { ...counts, atMs, due, refused, serverCpuS: this.#usage?.cpuS ?? NaN };
  }

  #usageNow(): Usage | undefined {
    const { child } = this.server;
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
