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
 *
 * @param scale 1 is the full size.
 */
export async function run(scale: number): Promise<void> {
  const pushes = scaled(PUSHES, scale, 10);
  const warmUp = Math.round(WARM_UP * Math.min(1, scale));
  const server = new Child(new URL("./whole_server.ts", import.meta.url));
  const closes: (() => void)[] = [];
  try {
    const ports = await server.call<ServerPorts>("start");
    const tcp = await openTcp(ports.tcp, ROOM);
    closes.push(tcp.close);
    const webSocket = await openWebSocket(ports.ws, ROOM);
    closes.push(webSocket.close);
    const body = new Uint8Array(BODY_BYTES);
    const rows = new Map<string, number[]>([["TCP client", []], ["WebSocket client", []]]);
    rows.set("HTTP answer", []);
    for (let push = -warmUp; push < pushes; push++) {
      const received = [tcp.next(), webSocket.next()];
      const startMs = performance.now();
      const answered = pushToRoom(ports.http, ROOM, body);
      const endsMs = await Promise.all([...received, answered]);
      if (push < 0) continue;
      [...rows.values()].forEach((samples, index) => samples.push(endsMs[index] - startMs));
    }
    printTable(
      `From an HTTP push to receipt, idle server, ${pushes} pushes one after the other`,
      ["until", "median ms", "p99 ms"],
      Array.from(
        rows,
        ([name, samples]) => [name, cell(median(samples)), cell(percentile99(samples))],
      ),
    );
  } finally {
    for (const close of closes) close();
    await server.stop();
  }
}
