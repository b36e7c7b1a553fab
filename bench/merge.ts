import { roomDefaults } from "../protocol/room_options.ts";
import { Child } from "./child.ts";
import { atRate, cell, median, percentile99, printTable, scaled } from "./measure.ts";
import { Members, timedBody } from "./members.ts";
import { pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

const MEMBERS = 5_000;
const BODY_BYTES = 100;
const FRAME_BYTES = 16 + BODY_BYTES;
const RATES = [10, 40, 100];
const SECONDS = 10;
/** The first pushes are to warm up. */
const WARM_UP_SHARE = 0.2;
const ROOM = "bench://room";

/** Members whose latencies are taken are among the others, evenly, this many times. */
const SAMPLES = 5;

/** How rooms are written to. */
const subjects = [
  { historySize: 0, mergeWindowMs: 0 },
  ...[0, 50, 250, 1_000].map((mergeWindowMs) => ({ historySize: 1_000, mergeWindowMs })),
];

/** What a rate of pushes costs: CPU per message in µs, and times to receipt in ms. */
interface Figures {
  readonly us: number;
  readonly p50: number;
  readonly p99: number;
}

/** One server, pushed to at each rate. */
async function measure(
  options: typeof subjects[number],
  clients: number,
  seconds: number,
): Promise<Figures[]> {
  await using server = new Child("./whole_server.ts");
  await using sink = new Child("./sink.ts");
  const rooms = [{ ...roomDefaults, ...options }];
  const { tcp, http } = await server.call<ServerPorts>("start", { rooms });
  const sampled = new Members(ROOM);
  for (let sample = 0; sample < SAMPLES; sample++) {
    const opening = { kind: "tcp", port: tcp, clients: clients / SAMPLES, room: ROOM };
    await sink.call("open", opening);
    await sampled.open(tcp, 1);
  }
  const figures: Figures[] = [];
  let bytes = await sink.call<number>("received");
  for (const [at, rate] of [RATES.at(-1)!, ...RATES].entries()) {
    const share = at === 0 ? WARM_UP_SHARE : 1;
    const pushes = Math.max(2, Math.round(rate * seconds * share));
    sampled.latenciesMs = [];
    const before = await server.usage();
    await atRate(rate, pushes, () => pushToRoom(http, ROOM, timedBody(BODY_BYTES)));
    bytes += pushes * clients * FRAME_BYTES;
    await sink.call("untilReceived", { bytes });
    const { cpuUs } = await server.usage();
    await sampled.until(() => sampled.latenciesMs.length === pushes * SAMPLES);
    if (at === 0) continue;
    figures.push({
      us: (cpuUs - before.cpuUs) / (pushes * (clients + SAMPLES)),
      p50: median(sampled.latenciesMs),
      p99: percentile99(sampled.latenciesMs),
    });
  }
  sampled.close();
  return figures;
}

/**
 * Pushes to a room of 5,000 whose members are written to at once or at most so often: CPU of the
 * server per message, and from a push over HTTP until members have it.
 */
export async function run(scale: number): Promise<void> {
  const clients = SAMPLES * scaled(MEMBERS / SAMPLES, Math.min(1, scale), 4);
  const seconds = SECONDS * Math.min(1, scale);
  const rows: [name: string, figures: Figures[]][] = [];
  for (const options of subjects) {
    const history = options.historySize === 0 ? ", no history" : "";
    rows.push([
      `${options.mergeWindowMs} ms${history}`,
      await measure(options, clients, seconds),
    ]);
  }
  const titles = {
    us: "CPU of the server per message to a client, in µs",
    p50: "From an HTTP push to receipt, median, in ms",
    p99: "From an HTTP push to receipt, p99, in ms",
  };
  for (const [name, title] of Object.entries(titles)) {
    printTable(
      `${title}, a room of ${clients}, ${BODY_BYTES} bytes`,
      ["merge-window", ...RATES.map((rate) => `${rate} pushes/s`)],
      rows.map((
        [row, figures],
      ) => [row, ...figures.map((one) => cell(one[name as keyof Figures]))]),
    );
  }
}
