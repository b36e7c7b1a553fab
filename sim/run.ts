import { type Clock, preciseClock } from "../base/clock.ts";
import { systemPrng } from "../base/prng.ts";
import type { Platform, Process } from "../platform/port.ts";
import { Fleet } from "./client/fleet.ts";
import { checkEntrance, conclude } from "./conclusion.ts";
import { httpPush } from "./http_push.ts";
import { portsPerAddress, type Spread, spreadOver } from "./machine.ts";
import type { SimOptions } from "./options.ts";
import { Pusher } from "./pusher.ts";
import type { Progress } from "./report/progress.ts";
import { scenarios } from "./scenarios/all.ts";
import { runningTarget, startTarget, type Target } from "./server.ts";
import { ServerView } from "./server_view.ts";
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
 * Where each client connects, in turn: over transports, and on loopback over addresses.
 *
 * @throws {Error} When the server takes none of the transports.
 */
function placesOf(target: Target, { transports }: SimOptions, { addresses }: Spread): string[] {
  const hosts = Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 1}`);
  const wanted = target.places.filter((place) =>
    transports.some((transport) => place.startsWith(`${transport}:`))
  );
  if (wanted.length === 0) {
    throw new Error(`Cannot run: --target must have one for --transport ${transports}`);
  }
  return [
    ...new Set(hosts.flatMap((host) => wanted.map((place) => place.replace("{host}", host)))),
  ];
}

/** The options of a run, as on the command line. */
export function optionTexts(options: SimOptions): string[] {
  const { scenario, clients, rooms, rate, size, transports, heartbeatMs, ramp, ...rest } = options;
  return [
    `--scenario ${scenario}`,
    `--clients ${clients}`,
    `--rooms ${rooms}`,
    `--rate ${rate}`,
    `--size ${size}`,
    `--transport ${transports}`,
    `--heartbeat ${heartbeatMs}ms`,
    `--ramp ${ramp}/s`,
    `--duration ${rest.durationMs}ms`,
    `--share ${Number((100 * rest.share).toFixed(6))}%`,
    `--seed ${rest.seed}`,
    ...(rest.workers === undefined ? [] : [`--workers ${rest.workers}`]),
    ...(rest.targets.length > 0 ? [`--target ${rest.targets}`, `--api ${rest.api}`] : []),
  ];
}

/** One run, from the machine to the report. */
class Run {
  readonly #clock: Clock = preciseClock;
  readonly #startMs = preciseClock.monotonicMs();

  constructor(private readonly options: SimOptions, private readonly parts: RunParts) {}

  async run(): Promise<Report> {
    const { options, parts } = this;
    const running = options.api === undefined
      ? undefined
      : await runningTarget(parts.platform.streams, options.targets, options.api);
    const spread = this.#spread(running);
    parts.progress.phase("start");
    const target = running ??
      await startTarget({
        streams: parts.platform.streams,
        spawn: parts.spawn,
        clock: this.#clock,
        workers: spread.serverWorkers,
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
      target.child?.kill("SIGTERM");
      await target.child?.ended;
    }
  }

  /** @param running The server, when it runs already. */
  #spread(running: Target | undefined): Spread {
    const { options, parts } = this;
    const openFilesMax = parts.platform.process.openFilesMax();
    const ports = portsPerAddress();
    const spread = spreadOver({
      clients: options.clients,
      workers: options.workers,
      cpuCount: parts.platform.process.cpuCount(),
      openFilesMax,
      portsPerAddress: ports,
      targets: running?.places.some((place) => !place.includes("{host}"))
        ? running.places.length
        : undefined,
      isOwn: running === undefined,
    });
    parts.say(
      `${options.clients} clients in ${spread.processes} processes ` +
        `(${openFilesMax ?? "an unknown number of"} open files each: ulimit -n), ` +
        `to ${spread.addresses} addresses (${ports} ports each: net.ipv4.ip_local_port_range)` +
        (spread.serverWorkers > 0 ? `, server with ${spread.serverWorkers} workers` : ""),
    );
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
      targets: placesOf(target, options, spread),
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
    const made = { options, fleet, pusher, target, spread, plan, clock, progress, cpuCount };
    const stage = new Stage(made);
    const scenario = scenarios[options.scenario];
    stage.watch();
    stage.phase("connect");
    const first = scenario.clientsAtFirst?.(options.clients) ?? options.clients;
    await fleet.connect(plan, first);
    await checkEntrance(stage, first);
    await scenario.run(stage);
    const receipts = await conclude(stage, server);
    await stage.unwatch();
    return this.#report(stage, receipts);
  }

  #report(stage: Stage, receipts: ReceiptTotals): Report {
    const { options } = this;
    const { usage, latency } = stage;
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
