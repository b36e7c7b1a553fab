import { atRate, cell, median, percentile99, printTable, scaled } from "./measure.ts";
import { cpuOf, type Deployment, startCluster, startOneProcess, stopAll } from "./deployments.ts";
import { Members, timedBody } from "./members.ts";
import { pushToRoom } from "./room_client.ts";

const MEMBERS = 10;
const BODY_BYTES = 100;
/** Pushes under way at once when as many as possible are wanted. */
const PUSHERS = 64;
const SATURATED_MS = 5_000;
const LATENCY_PUSHES = 1_000;
const LATENCY_RATE = 100;
/** Pushes per second at which batches are looked at. */
const BATCH_RATES = [100, 500, 1_000, 2_000];
const BATCH_MS = 3_000;

const ROOM = "bench://cluster";

/** A server to be measured, and the members of its one room. */
interface MeasuredServer extends Deployment {
  readonly members: Members;
}

async function withMembers(deployment: Deployment): Promise<MeasuredServer> {
  const members = new Members(ROOM);
  await members.open(deployment.tcpPort, MEMBERS);
  return { ...deployment, members };
}

/** Pushes once; the body says when. */
function push({ httpPort }: MeasuredServer): Promise<number> {
  return pushToRoom(httpPort, ROOM, timedBody(BODY_BYTES));
}

/** Pushes at a steady rate, however long each takes, and waits until all have come. */
async function pushSteadily(server: MeasuredServer, count: number, rate: number): Promise<void> {
  const { members } = server;
  const goal = members.received + count * MEMBERS;
  await atRate(rate, count, () => push(server));
  await members.until(() => members.received >= goal);
}

/** As many pushes as get through. */
async function saturate(server: MeasuredServer, spanMs: number): Promise<string[]> {
  const { members } = server;
  const before = { received: members.received, cpuS: cpuOf(server) };
  const startMs = performance.now();
  let pushes = 0;
  await Promise.all(Array.from({ length: PUSHERS }, async () => {
    while (performance.now() - startMs < spanMs) {
      await push(server);
      pushes++;
    }
  }));
  await members.until(() => members.received >= before.received + pushes * MEMBERS);
  const tookS = (performance.now() - startMs) / 1_000;
  const cpuS = cpuOf(server) - before.cpuS;
  return [cell(pushes / tookS), cell(cpuS / tookS), cell(pushes / cpuS)];
}

async function latency(server: MeasuredServer, pushes: number): Promise<string[]> {
  server.members.latenciesMs = [];
  await pushSteadily(server, pushes, LATENCY_RATE);
  const { latenciesMs } = server.members;
  return [cell(median(latenciesMs)), cell(percentile99(latenciesMs))];
}

/** Pushes that the job's batches took, and how many batches. */
async function batches(
  { metricsUrl }: MeasuredServer,
): Promise<{ pushes: number; batches: number }> {
  const text = await (await fetch(metricsUrl!)).text();
  const read = (name: string) =>
    Number(new RegExp(`^halley_job_${name}_total (\\S+)$`, "m").exec(text)![1]);
  return { pushes: read("delivered"), batches: read("batches") };
}

async function batchSize(server: MeasuredServer, push: () => Promise<unknown>): Promise<string> {
  const before = await batches(server);
  await push();
  const after = await batches(server);
  return cell((after.pushes - before.pushes) / (after.batches - before.batches));
}

/**
 * Pushes to one room through a whole cluster, next to the same in one process: how many, how soon,
 * and in how large batches they reach the comet. Needs `redis-server`.
 */
export async function run(scale: number): Promise<void> {
  const saturatedMs = scaled(SATURATED_MS, Math.min(1, scale), 200);
  const pushes = scaled(LATENCY_PUSHES, scale, 20);
  const throughputs: string[][] = [];
  const latencies: string[][] = [];
  const sizes: string[][] = [];
  for (const start of [startOneProcess, startCluster]) {
    const server = await withMembers(await start());
    try {
      await pushSteadily(server, pushes, LATENCY_RATE);
      latencies.push([server.name, ...await latency(server, pushes)]);
      if (server.metricsUrl !== undefined) {
        for (const rate of BATCH_RATES) {
          const count = scaled(rate * BATCH_MS / 1_000, scale, 10);
          const size = await batchSize(server, () => pushSteadily(server, count, rate));
          sizes.push([`${rate} pushes/s`, size]);
        }
      }
      let row: string[] = [];
      const saturated = async () => row = await saturate(server, saturatedMs);
      if (server.metricsUrl === undefined) await saturated();
      else sizes.push([`as many as ${PUSHERS} callers push`, await batchSize(server, saturated)]);
      throughputs.push([server.name, ...row]);
    } finally {
      server.members.close();
      await stopAll(server);
    }
  }
  const room = `room of ${MEMBERS}`;
  printTable(
    `Pushes by ${PUSHERS} callers into one ${room}, until its members have them`,
    ["server", "pushes/s", "cores used", "pushes/s per core"],
    throughputs,
  );
  printTable(
    `From an HTTP push to receipt, ${LATENCY_RATE} pushes/s into one ${room}`,
    ["server", "median ms", "p99 ms"],
    latencies,
  );
  printTable("Pushes in a batch from job to comet", ["load", "pushes per batch"], sizes);
}
