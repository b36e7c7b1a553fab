import { Child } from "./child.ts";
import { cell, median, percentile99, printTable, scaled } from "./measure.ts";
import { openTcp, openWebSocket, pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

const PUSHES = 1_000;
/** Pushes before those that count. */
const WARM_UP = 200;
const BODY_BYTES = 100;
const ROOM = "bench://latency";

/**
 * From an HTTP push to a room until its members have it, one push after the other on an idle
 * server with every role in one process.
 */
export async function run(scale: number): Promise<void> {
  const pushes = scaled(PUSHES, scale, 10);
  const warmUp = Math.round(WARM_UP * Math.min(1, scale));
  await using server = new Child("./whole_server.ts");
  const ports = await server.call<ServerPorts>("start");
  using tcp = await openTcp(ports.tcp, ROOM);
  using webSocket = await openWebSocket(ports.ws, ROOM);
  const body = new Uint8Array(BODY_BYTES);
  const names = ["TCP client", "WebSocket client", "HTTP answer"];
  const samples: number[][] = names.map(() => []);
  for (let push = -warmUp; push < pushes; push++) {
    const received = [tcp.next(), webSocket.next()];
    const startMs = performance.now();
    const answered = pushToRoom(ports.http, ROOM, body);
    const endsMs = await Promise.all([...received, answered]);
    if (push >= 0) endsMs.forEach((endMs, index) => samples[index].push(endMs - startMs));
  }
  printTable(
    `From an HTTP push to receipt, idle server, ${pushes} pushes one after the other`,
    ["until", "median ms", "p99 ms"],
    names.map((name, index) => [
      name,
      ...[median, percentile99].map((part) => cell(part(samples[index]))),
    ]),
  );
}
