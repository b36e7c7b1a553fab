import { type Clock, preciseClock } from "../base/clock.ts";
import { systemPrng } from "../base/prng.ts";
import type { Platform, Process } from "../platform/port.ts";
import { endChild } from "./children.ts";
import { Fleet } from "./client/fleet.ts";
import { checkEntrance, conclude, concludeFailed } from "./conclusion.ts";
import { httpPush } from "./http_push.ts";
import { portsPerAddress, type Spread, spreadOver } from "./machine.ts";
import { optionTexts } from "./option_texts.ts";
import type { SimOptions } from "./options.ts";
import { parsePlace } from "./places.ts";
import { Pusher } from "./pusher.ts";
import type { Progress } from "./report/progress.ts";
import { scenarios } from "./scenarios/all.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { runningTarget, ServerFailed, startTarget, type Target } from "./server.ts";
import { ServerView } from "./server_view.ts";
import { busyClients } from "./simulator_load.ts";
import { Stage } from "./stage.ts";
import type { ClientFleet, ConnectPlan, ReceiptTotals, Report } from "./types.ts";

/** How a run says what it is doing. */
export interface RunParts {
  readonly platform: Platform;
  /** Runs this program once more; see {@linkcode Process.spawn}. */
  readonly spawn: Process["spawn"];
  readonly progress: Progress;
  /** Says one line. */
  readonly say: (line: string) => void;
}

/**
 * Where clients of the run's transports may connect.
 *
 * @throws {Error} When the server takes none of the transports.
 */
function placesFor(places: readonly string[], { transports }: SimOptions): string[] {
  const wanted = places.filter((place) => transports.includes(parsePlace(place)!.transport));
  if (wanted.length > 0) return wanted;
  throw new Error(`Cannot run: --target must have one for --transport ${transports}`);
}

/** Where each client connects, in turn: over transports, and on loopback over addresses. */
function targetsOf(places: readonly string[], { addresses }: Spread): string[] {
  const hosts = Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 1}`);
  return [
    ...new Set(hosts.flatMap((host) => places.map((place) => place.replace("{host}", host)))),
  ];
}

/** One run, from the machine to the report. */
class Run {
  readonly #clock: Clock = preciseClock;
  readonly #startMs = preciseClock.monotonicMs();

  constructor(private readonly options: SimOptions, private readonly parts: RunParts) {}

  async run(): Promise<Report> {
    const { options, parts } = this;
    const running = options.api === undefined ? undefined : await runningTarget(
      parts.platform.streams,
      placesFor(options.targets, options),
      options.api,
    );
    const spread = this.#spread(running);
    parts.progress.phase("start");
    const target = running ??
      await startTarget({
        streams: parts.platform.streams,
        spawn: parts.spawn,
        clock: this.#clock,
        workers: spread.serverWorkers,
        isWide: spread.addresses > 1,
        heartbeatMs: options.heartbeatMs,
      });
    try {
      const fleet = await Fleet.start({
        streams: parts.platform.streams,
        spawn: parts.spawn,
        processes: spread.processes,
        tag: options.seed,
        clock: this.#clock,
        prng: systemPrng(),
      });
      try {
        return await this.#drive(fleet, target, spread);
      } finally {
        await fleet.stop();
      }
    } finally {
      if (target.child !== undefined) await endChild(target.child, this.#clock);
    }
  }

  /** @param running The server, when it runs already. */
  #spread(running: Target | undefined): Spread {
    const { options, parts } = this;
    const openFilesMax = parts.platform.process.openFilesMax();
    const ports = portsPerAddress();
    const cpuCount = parts.platform.process.cpuCount();
    const spread = spreadOver({
      clients: options.clients,
      workers: options.workers,
      cpuCount,
      openFilesMax,
      portsPerAddress: ports,
      targets: running?.places.some((place) => !place.includes("{host}"))
        ? running.places.length
        : undefined,
      isOwn: running === undefined,
    });
    parts.say(
      `this machine has ${cpuCount} processors, ` +
        `${openFilesMax ?? "an unknown number of"} open files for each process (ulimit -n), ` +
        `${ports} ports to each address (net.ipv4.ip_local_port_range)`,
    );
    parts.say(
      `${options.clients} clients, processes for them: ${spread.processes}, addresses that they ` +
        `connect to: ${spread.addresses}` +
        (spread.serverWorkers > 0 ? `, workers of the server: ${spread.serverWorkers}` : ""),
    );
    const pushes = options.rate * options.durationMs / 1_000;
    if (pushes > 0 && pushes < options.rooms) {
      parts.say(`${Math.ceil(pushes)} pushes for ${options.rooms} rooms: some get none`);
    }
    if (options.clients > spread.clientsMax) {
      const limit = `${options.clients} clients need more ports than the ${spread.clientsMax} ` +
        "from which this machine reaches the targets: widen net.ipv4.ip_local_port_range, or give " +
        "more addresses of the server with --target";
      if (options.scenario !== "capacity") throw new Error(`Cannot run: ${limit}`);
      parts.say(limit);
    }
    return spread;
  }

  async #drive(fleet: ClientFleet, target: Target, spread: Spread): Promise<Report> {
    const { options, parts } = this;
    const plan: Omit<ConnectPlan, "first" | "clients"> = {
      targets: targetsOf(placesFor(target.places, options), spread),
      rooms: options.rooms,
      rampPerS: options.ramp,
      heartbeatMs: options.heartbeatMs,
      exact: true,
    };
    const { api } = target;
    const { apiKey, rooms } = options;
    const clock = this.#clock;
    const server = new ServerView({ api, apiKey, rooms, clock });
    await server.reach();
    const send = httpPush({ api, apiKey });
    const pusher = new Pusher({ send, tag: options.seed, size: options.size, rooms, clock });
    const { progress } = parts;
    const cpuCount = parts.platform.process.cpuCount();
    const made = { options, fleet, pusher, target, plan, clock, progress, cpuCount };
    const stage = new Stage(made);
    const scenario = scenarios[options.scenario];
    stage.watch();
    stage.phase("connect");
    const first = scenario.clientsAtFirst?.(options.clients) ?? options.clients;
    const receipts = await this.#perform(scenario, stage, server, first);
    await stage.unwatch();
    const busy = busyClients(stage.samples, spread.processes);
    if (busy !== undefined) stage.notes.clients_at_their_limit = busy;
    return this.#report(stage, receipts);
  }

  /**
   * Lets clients in, does what the scenario does, and judges it, also when the server fails.
   *
   * @param first Clients that are let in before it.
   */
  async #perform(
    scenario: Scenario,
    stage: Stage,
    server: ServerView,
    first: number,
  ): Promise<ReceiptTotals> {
    try {
      await stage.fleet.connect(stage.plan, first);
      await checkEntrance(stage, first);
      await scenario.run(stage);
      return await conclude(stage, server);
    } catch (error) {
      if (!(error instanceof ServerFailed)) throw error;
      return await concludeFailed(stage, error);
    }
  }

  #report(stage: Stage, receipts: ReceiptTotals): Report {
    const { options } = this;
    const { usage, latency, pusher } = stage;
    return {
      seed: options.seed,
      scenario: options.scenario,
      options: optionTexts(options),
      clients: options.clients,
      durationS: (this.#clock.monotonicMs() - this.#startMs) / 1_000,
      receipts,
      heartbeatsSent: stage.last?.heartbeatsSent ?? 0,
      heartbeatsMissed: stage.last?.heartbeatsMissed ?? 0,
      lostConnections: stage.last?.lostConnections ?? 0,
      pushes: { due: pusher.due, sent: pusher.sent, failed: pusher.failed },
      failures: stage.last?.failures ?? [],
      latencyMs: latency,
      histogram: stage.histogram,
      samples: stage.samples,
      server: usage === undefined ? undefined : {
        cpuS: usage.cpuS,
        rssBytes: usage.rssBytes,
        rssPerClientBytes: stage.rssPerClientBytes,
      },
      findings: stage.findings,
      notes: stage.notes,
    };
  }
}

/**
 * Runs a scenario.
 *
 * @throws {Error} With a one-line message when it cannot run.
 */
export function runScenario(options: SimOptions, parts: RunParts): Promise<Report> {
  return new Run(options, parts).run();
}
