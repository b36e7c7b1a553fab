import { sleep } from "../base/clock.ts";
import { systemClock } from "../platform/system_clock.ts";
import { Child } from "./child.ts";
import type { FloodArgument, FloodKind } from "./flooder.ts";
import { cell, median, printTable } from "./measure.ts";
import { openTcp, pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

const KINDS: readonly FloodKind[] = [
  "TCP frames",
  "WebSocket frames",
  "WebSocket pings",
  "messages",
];
const FLOODERS = [1, 4];
/** How long each flood lasts while it is measured, and before that, in milliseconds. */
const FLOOD_MS = 8_000;
const WARM_UP_MS = 1_000;
/** Between two pushes, in milliseconds. */
const PAUSE_MS = 20;
const ROOM = "bench://honest";

/** Times from push to receipt of a client that others flood beside, in milliseconds. */
async function measure(ports: ServerPorts, scale: number): Promise<number[]> {
  const client = await openTcp(ports.tcp, ROOM);
  const body = new Uint8Array(100);
  const times: number[] = [];
  const startMs = performance.now() + WARM_UP_MS * Math.min(1, scale);
  const endMs = startMs + Math.max(100, FLOOD_MS * scale);
  // However short, it sees at least one.
  for (let nowMs = 0; nowMs < endMs || times.length === 0;) {
    const received = client.next();
    const pushedMs = performance.now();
    const answered = pushToRoom(ports.http, ROOM, body);
    nowMs = await received;
    await answered;
    if (pushedMs > startMs) times.push(nowMs - pushedMs);
    await sleep(systemClock, PAUSE_MS);
  }
  client.close();
  return times;
}

/** One server and what its client sees, a row for each flood, beside each number of flooders. */
async function floodServer(
  operationsMax: number | undefined,
  scale: number,
): Promise<string[][][]> {
  const server = new Child("./whole_server.ts");
  const flooders = Array.from(
    { length: Math.max(...FLOODERS) },
    () => new Child("./flooder.ts"),
  );
  try {
    const ports = await server.call<ServerPorts>("start", {
      operationsMax,
      rooms: [{ type: "bench", upstream: "publish" }],
    });
    const tables: string[][][] = [];
    for (const count of FLOODERS) {
      const rows: string[][] = [];
      for (const kind of KINDS) {
        const port = kind.startsWith("WebSocket") ? ports.ws : ports.tcp;
        for (const flooder of flooders.slice(0, count)) {
          await flooder.call("flood", { kind, port } satisfies FloodArgument);
        }
        const times = await measure(ports, scale);
        for (const flooder of flooders) await flooder.call("stop");
        const name = operationsMax === 0 ? `${kind}, operations-max 0` : kind;
        rows.push([name, cell(times.length), cell(median(times)), cell(Math.max(...times))]);
      }
      tables.push(rows);
    }
    return tables;
  } finally {
    for (const flooder of flooders) await flooder.stop();
    await server.stop();
  }
}

/**
 * From an HTTP push until an honest client has it, while others send as fast as they can: with the
 * limit of operations, which closes them and they come back at once, and without.
 */
export async function run(scale: number): Promise<void> {
  const limited = await floodServer(undefined, scale);
  const unlimited = await floodServer(0, scale);
  FLOODERS.forEach((count, index) => {
    printTable(
      `From an HTTP push to receipt, beside ${count} at line rate`,
      ["flood", "pushes", "median ms", "worst ms"],
      [...limited[index], ...unlimited[index]],
    );
  });
}
