import { preciseClock } from "../platform/system_clock.ts";
import type { Platform, Process, Streams } from "../platform/port.ts";
import { parseRoomKey } from "../protocol/room_key.ts";
import { Fleet } from "./client/fleet.ts";
import { parseClientAddress } from "./client_address.ts";
import { busyClients, checkConnected, finish, finishFailed } from "./finish.ts";
import { portsPerAddress, type Spread, spreadOver } from "./machine.ts";
import { optionTexts, type SimOptions } from "./options.ts";
import type { ProgressDisplay } from "./report/progress.ts";
import { RunContext } from "./run_context.ts";
import { scenarios } from "./scenarios/all.ts";
import { endChild, findServer, launchServer, type ServerUnderTest } from "./server_process.ts";
import type { ReceiptTotals, Report } from "./types.ts";

interface RunDependencies {
  readonly platform: Platform;
  /** Runs this program once more; see {@linkcode Process.spawn}. */
  readonly spawn: Process["spawn"];
  readonly progress: ProgressDisplay;
  /** When a run of a scenario that can end early is to. */
  readonly ending: AbortSignal;
}

/** Most messages that a room of the run's own server keeps, where clients come back for them. */
const HISTORY_SIZE = 10_000;

/** What the rooms of the run's own server are like, as its configuration file says it. */
function roomsOf({ scenario, roomKeys }: SimOptions): string {
  const { keepsPlaces, isShow } = scenarios[scenario];
  if (!isShow) return `[[rooms]]\ntype = "sim"\nhistory-size = ${keepsPlaces ? HISTORY_SIZE : 0}\n`;
  const types = new Set(roomKeys.map((key) => parseRoomKey(key)!.type));
  return [...types].map((type) =>
    `[[rooms]]\ntype = ${JSON.stringify(type)}\nhistory-size = ${HISTORY_SIZE}\n` +
    'history-by = "media"\nupstream = "publish"\n'
  ).join("");
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

/** The server that runs already; one of several targets is another comet where clients follow. */
async function findRunning(streams: Streams, options: SimOptions): Promise<ServerUnderTest> {
  const targets = targetsFor(options.targets, options);
  if (!scenarios[options.scenario].follows) return await findServer(streams, targets, options.apis);
  return { targets, apiUrls: options.apis, child: undefined };
}

/** Where each client connects, in turn: over transports, and on loopback over addresses. */
function expandHosts(targets: readonly string[], { addresses }: Spread): string[] {
  const hosts = Array.from({ length: addresses }, (_, index) => `127.0.0.${index + 1}`);
  return [
    ...new Set(hosts.flatMap((host) => targets.map((target) => target.replace("{host}", host)))),
  ];
}

/**
 * Works out how to spread a run over the machine, and says so.
 *
 * @param running The server, when it runs already.
 * @throws {Error} When it is not possible.
 */
function spreadOf(
  options: SimOptions,
  parts: RunDependencies,
  running: ServerUnderTest | undefined,
): Spread {
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
  console.error(
    `this machine has ${cpuCount} processors, ` +
      `${openFilesMax ?? "an unknown number of"} open files for each process (ulimit -n), ` +
      `${ports} ports to each address (net.ipv4.ip_local_port_range)`,
  );
  console.error(
    `${options.clients} clients, processes for them: ${spread.processes}, addresses that they ` +
      `connect to: ${spread.addresses}` +
      (spread.serverWorkers > 0 ? `, workers of the server: ${spread.serverWorkers}` : ""),
  );
  const pushes = options.rate * options.durationMs / 1_000;
  if (pushes > 0 && pushes < options.rooms) {
    console.error(`${Math.ceil(pushes)} pushes for ${options.rooms} rooms: some get none`);
  }
  if (options.clients > spread.clientsMax) {
    const limit = `${options.clients} clients need more ports than the ${spread.clientsMax} ` +
      "from which this machine reaches the targets: widen net.ipv4.ip_local_port_range, or give " +
      "more addresses of the server with --target";
    if (options.scenario !== "capacity") throw new Error(`Cannot run: ${limit}`);
    console.error(limit);
  }
  return spread;
}

/** Lets clients in, does what the scenario does, and judges it, also when the server fails. */
async function perform(run: RunContext): Promise<ReceiptTotals> {
  const { options } = run;
  const scenario = scenarios[options.scenario];
  const first = scenario.clientsAtFirst?.(options.clients) ?? options.clients;
  try {
    await run.fleet.connect(run.plan, first);
    await checkConnected(run, first);
    await scenario.run(run);
    return await finish(run);
  } catch (error) {
    return await finishFailed(run, error);
  }
}

/** Drives a server with clients, and reports all but how long it took. */
async function drive(
  options: SimOptions,
  { platform, spawn, progress, ending }: RunDependencies,
  server: ServerUnderTest,
  spread: Spread,
): Promise<Omit<Report, "durationS">> {
  const { streams, process } = platform;
  const { processes } = spread;
  const { keepsPlaces, isShow = false, follows } = scenarios[options.scenario];
  // Others may be in the rooms of a show, those of an earlier run among them.
  const tag = isShow ? preciseClock.wallMs() % 2 ** 32 >>> 0 : options.seed;
  const fleet = await Fleet.start({ streams, spawn, processes, tag, isShow });
  try {
    const plan = {
      targets: expandHosts(targetsFor(server.targets, options), spread),
      rooms: options.rooms,
      rampPerS: options.ramp,
      heartbeatMs: options.heartbeatMs,
      exact: true,
      logs: keepsPlaces ? { share: 1, roomsEach: options.roomsEach } : undefined,
      roomKeys: isShow ? options.roomKeys : undefined,
      follows,
    };
    const cpuCount = process.cpuCount();
    const run = new RunContext(options, fleet, server, plan, cpuCount, progress, ending);
    await run.api.reach();
    run.watch();
    run.phase("connect");
    const receipts = await perform(run);
    await run.unwatch();
    const busy = busyClients(run.samples, processes);
    if (busy !== undefined) run.notes.clients_at_their_limit = busy;
    const { pusher, samples, findings, notes, histogram } = run;
    const { heartbeatsSent, heartbeatsMissed, lostConnections, failures } = run.last!;
    return {
      seed: options.seed,
      scenario: options.scenario,
      options: optionTexts(options),
      clients: options.clients,
      receipts,
      heartbeatsSent,
      heartbeatsMissed,
      lostConnections,
      pushes: { due: pusher.due, sent: pusher.sent, failed: pusher.failed },
      messages: run.messages,
      failures,
      latencyMs: run.latency,
      histogram,
      samples,
      server: run.usage,
      findings,
      notes,
    };
  } finally {
    await fleet.stop();
  }
}

/**
 * Runs a scenario.
 *
 * @throws {Error} With a one-line message when it cannot run.
 */
export async function runScenario(options: SimOptions, parts: RunDependencies): Promise<Report> {
  const startMs = preciseClock.monotonicMs();
  const { streams } = parts.platform;
  const running = options.apis.length === 0 ? undefined : await findRunning(streams, options);
  const spread = spreadOf(options, parts, running);
  parts.progress.phase("start");
  const server = running ?? await launchServer({
    streams,
    spawn: parts.spawn,
    workers: spread.serverWorkers,
    isWide: spread.addresses > 1,
    heartbeatMs: options.heartbeatMs,
    rooms: roomsOf(options),
  });
  try {
    const report = await drive(options, parts, server, spread);
    return { ...report, durationS: (preciseClock.monotonicMs() - startMs) / 1_000 };
  } finally {
    if (server.child !== undefined) await endChild(server.child);
  }
}
