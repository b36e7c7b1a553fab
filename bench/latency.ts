import { connect, type Socket } from "node:net";
import { encodeFrame } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";
import { Child } from "./child.ts";
import { cell, median, printTable } from "./measure.ts";
import type { ServerPorts } from "./whole_server.ts";

const PUSHES = 1_000;
/** Pushes before those that count. */
const WARM_UP = 200;
const BODY_BYTES = 100;

const encoder = new TextEncoder();
const TOKEN = encoder.encode('{"mid":1,"room_id":"bench://latency","platform":"bench"}');
const AUTH = encodeFrame(Operation.Auth, 1, TOKEN);

/** A client that tells when bytes have come, whatever they are. */
class Receiver {
  #came = Promise.withResolvers<number>();

  /** When the next bytes come, in milliseconds. */
  next(): Promise<number> {
    return this.#came.promise;
  }

  readonly onBytes = () => {
    this.#came.resolve(performance.now());
    this.#came = Promise.withResolvers();
  };
}

async function openTcp(port: number): Promise<{ receiver: Receiver; close: () => void }> {
  const receiver = new Receiver();
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening = connect({ port, host: "127.0.0.1" }, () => resolve(opening));
    opening.once("error", reject);
  });
  socket.setNoDelay(true);
  socket.on("data", receiver.onBytes);
  const authenticated = receiver.next();
  socket.write(AUTH);
  await authenticated;
  return { receiver, close: () => socket.destroy() };
}

async function openWebSocket(port: number): Promise<{ receiver: Receiver; close: () => void }> {
  const receiver = new Receiver();
  const socket = new WebSocket(`ws://127.0.0.1:${port}/sub`);
  socket.binaryType = "arraybuffer";
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = reject;
  });
  socket.onmessage = receiver.onBytes;
  const authenticated = receiver.next();
  socket.send(new Uint8Array(AUTH));
  await authenticated;
  return { receiver, close: () => socket.close() };
}

/**
 * From an HTTP push to a room until its members have it, one push after the other on an idle
 * server with every role in one process.
 *
 * @param scale 1 is the full size.
 */
export async function run(scale: number): Promise<void> {
  const pushes = Math.max(10, Math.round(PUSHES * scale));
  const warmUp = Math.round(WARM_UP * Math.min(1, scale));
  const server = new Child(new URL("./whole_server.ts", import.meta.url));
  const closes: (() => void)[] = [];
  try {
    const ports = await server.call<ServerPorts>("start");
    const tcp = await openTcp(ports.tcp);
    closes.push(tcp.close);
    const webSocket = await openWebSocket(ports.ws);
    closes.push(webSocket.close);
    const query = "operation=1000&type=bench&room=latency";
    const url = `http://127.0.0.1:${ports.http}/goim/push/room?${query}`;
    const body = new Uint8Array(BODY_BYTES);
    const rows = new Map<string, number[]>([["TCP client", []], ["WebSocket client", []]]);
    rows.set("HTTP answer", []);
    for (let push = -warmUp; push < pushes; push++) {
      const received = [tcp.receiver.next(), webSocket.receiver.next()];
      const startMs = performance.now();
      const answered = fetch(url, { method: "POST", body }).then(async (response) => {
        const { code } = await response.json();
        if (code !== 0) throw new Error(`push was answered with code ${code}`);
        return performance.now();
      });
      const endsMs = await Promise.all([...received, answered]);
      if (push < 0) continue;
      [...rows.values()].forEach((samples, index) => samples.push(endsMs[index] - startMs));
    }
    printTable(
      `From an HTTP push to receipt, idle server, ${pushes} pushes one after the other`,
      ["until", "median ms", "p99 ms"],
      Array.from(rows, ([name, samples]) => [name, cell(median(samples)), cell(p99(samples))]),
    );
  } finally {
    for (const close of closes) close();
    await server.stop();
  }
}

function p99(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1];
}
