import type { Clock } from "../base/clock.ts";
import { preciseClock } from "../platform/system_clock.ts";
import { systemPrng } from "../base/prng.ts";
import type { Platform, Process } from "../platform/port.ts";
import { endChild } from "./children.ts";
import { Fleet } from "./client/fleet.ts";
import { busyClients, checkConnected, finish, finishFailed } from "./finish.ts";
import { portsPerAddress, type Spread, spreadOver } from "./machine.ts";
import { optionTexts, type SimOptions } from "./options.ts";
import { parseClientAddress } from "./client_address.ts";
import { Pusher, type SendPush } from "./pusher.ts";
import type { ProgressDisplay } from "./report/progress.ts";
import { scenarios } from "./scenarios/all.ts";
import type { Scenario } from "./scenarios/scenario.ts";
import { findServer, launchServer, ServerFailed, type ServerUnderTest } from "./server_process.ts";
import { ServerApi } from "./server_api.ts";
import { RunContext } from "./run_context.ts";
import type { ConnectPlan, ReceiptTotals, Report } from "./types.ts";

/** How a run says what it is doing. */
export interface RunDependencies {
  readonly platform: Platform;
  /** Runs this program once more; see {@linkcode Process.spawn}. */
  readonly spawn: Process["spawn"];
  readonly progress: ProgressDisplay;
  /** Says one line. */
  readonly print: (line: string) => void;
}

/**
 * Where clients of the run's transports may connect.
 *
 * @throws {Error} When the server takes none of the transports.
 */
function targetsFor(targets: readonly string[], { transports }: SimOptions): string[] {
  const wanted = targets.filter((target) =>
    transports.includes(parseClientAddress(target)!.transport)
  );
  if (wanted.length > 0) return wanted;
  throw new Error(`Cannot run: --target must have one for --transport ${transports}`);
}

/** Where each client connects, in turn: over transports, and on loopback over addresses. */
function expandHosts(targets: readonly string[], { addresses }: Spread): string[] {
  const hosts = Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 1}`);
  return [
    ...new Set(hosts.flatMap((host) => targets.map((target) => target.replace("{host}", host)))),
  ];
}

/** One run, from the machine to the report. */
class Run {
  readonly #clock: Clock = preciseClock;
  readonly #startMs = preciseClock.monotonicMs();

  constructor(private readonly options: SimOptions, private readonly parts: RunDependencies) {}

  async run(): Promise<Report> {
    const { options, parts } = this;
    const running = options.api === "" ? undefined : await findServer(
      parts.platform.streams,
      targetsFor(options.targets, options),
      options.api,
    );
    const spread = this.#spread(running);
    parts.progress.phase("start");
    const server = running ??
      await launchServer({
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
        return await this.#drive(fleet, server, spread);
      } finally {
        await fleet.stop();
      }
    } finally {
      if (server.child !== undefined) await endChild(server.child, this.#clock);
    }
  }

  /** @param running The server, when it runs already. */
  #spread(running: ServerUnderTest | undefined): Spread {
    const { options, parts } = this;
    const openFilesMax = parts.platform.process.openFilesMax();
    const ports = portsPerAddress();
    const cpuCount = parts.platform.process.cpuCount();
    const spread = spreadOver({
      clients: options.clients,
      workers: options.workers || undefined,
      cpuCount,
      openFilesMax,
      portsPerAddress: ports,
      targets: running?.targets.some((target) => !target.includes("{host}"))
        ? running.targets.length
        : undefined,
      isOwn: running === undefined,
    });
    parts.print(
      `this machine has ${cpuCount} processors, ` +
        `${openFilesMax ?? "an unknown number of"} open files for each process (ulimit -n), ` +
        `${ports} ports to each address (net.ipv4.ip_local_port_range)`,
    );
    parts.print(
      `${options.clients} clients, processes for them: ${spread.processes}, addresses that they ` +
        `connect to: ${spread.addresses}` +
        (spread.serverWorkers > 0 ? `, workers of the server: ${spread.serverWorkers}` : ""),
    );
    const pushes = options.rate * options.durationMs / 1_000;
    if (pushes > 0 && pushes < options.rooms) {
      parts.print(`${Math.ceil(pushes)} pushes for ${options.rooms} rooms: some get none`);
    }
    if (options.clients > spread.clientsMax) {
      const limit = `${options.clients} clients need more ports than the ${spread.clientsMax} ` +
        "from which this machine reaches the targets: widen net.ipv4.ip_local_port_range, or give " +
        "more addresses of the server with --target";
      if (options.scenario !== "capacity") throw new Error(`Cannot run: ${limit}`);
      parts.print(limit);
    }
    return spread;
  }

  async #drive(fleet: Fleet, server: ServerUnderTest, spread: Spread): Promise<Report> {
    const { options, parts } = this;
    const plan: Omit<ConnectPlan, "first" | "clients"> = {
      targets: expandHosts(targetsFor(server.targets, options), spread),
      rooms: options.rooms,
      rampPerS: options.ramp,
      heartbeatMs: options.heartbeatMs,
      exact: true,
    };
    const { apiKey, rooms } = options;
    const clock = this.#clock;
    const api = new ServerApi({ url: server.apiUrl, apiKey, rooms, clock });
    await api.reach();
    const send: SendPush = (room, body) => api.pushToRoom(room, body);
    const pusher = new Pusher({ send, tag: options.seed, size: options.size, rooms, clock });
    const { progress } = parts;
    const cpuCount = parts.platform.process.cpuCount();
    const made = { options, fleet, pusher, server, api, plan, clock, progress, cpuCount };
    const run = new RunContext(made);
    const scenario = scenarios[options.scenario];
    run.watch();
    run.phase("connect");
    const first = scenario.clientsAtFirst?.(options.clients) ?? options.clients;
    const receipts = await this.#perform(scenario, run, first);
    await run.unwatch();
    const busy = busyClients(run.samples, spread.processes);
    if (busy !== undefined) run.notes.clients_at_their_limit = busy;
    return this.#report(run, receipts);
  }

  /**
   * Lets clients in, does what the scenario does, and judges it, also when the server fails.
   *
   * @param first Clients that are let in before it.
   */
  async #perform(
    scenario: Scenario,
    run: RunContext,
    first: number,
  ): Promise<ReceiptTotals> {
    try {
      await run.fleet.connect(run.plan, first);
      await checkConnected(run, first);
      await scenario.run(run);
      return await finish(run);
    } catch (error) {
      if (!(error instanceof ServerFailed)) throw error;
      return await finishFailed(run, error);
    }
  }

  #report(run: RunContext, receipts: ReceiptTotals): Report {
    const { options } = this;
    const { usage, latency, pusher } = run;
    return {
      seed: options.seed,
      scenario: options.scenario,
      options: optionTexts(options),
      clients: options.clients,
      durationS: (this.#clock.monotonicMs() - this.#startMs) / 1_000,
      receipts,
      heartbeatsSent: run.last?.heartbeatsSent ?? 0,
      heartbeatsMissed: run.last?.heartbeatsMissed ?? 0,
      lostConnections: run.last?.lostConnections ?? 0,
      pushes: { due: pusher.due, sent: pusher.sent, failed: pusher.failed },
      failures: run.last?.failures ?? [],
      latencyMs: latency,
      histogram: run.histogram,
      samples: run.samples,
      server: usage === undefined ? undefined : {
        cpuS: usage.cpuS,
        rssBytes: usage.rssBytes,
        rssPerClientBytes: run.rssPerClientBytes,
      },
      findings: run.findings,
      notes: run.notes,
    };
  }
}

/**
 * Runs a scenario.
 *
 * @throws {Error} With a one-line message when it cannot run.
 */
export function runScenario(options: SimOptions, parts: RunDependencies): Promise<Report> {
  return new Run(options, parts).run();
}
