import { Child } from "./child.ts";
import { cell, median, printTable, scaled } from "./measure.ts";
import type { Ports } from "./subject.ts";

const CONNECTIONS = 5_000;
const BODY_BYTES = 100;
const ROUNDS = 9;
const PUSHES_PER_ROUND = 10;

/** Bytes of one pushed frame as each kind of client gets it. */
const frameBytes = {
  bare: 16 + BODY_BYTES,
  tcp: 16 + BODY_BYTES,
  websocket: 4 + 16 + 16 + BODY_BYTES,
};

/** CPU per message of fan-outs to rooms of clients over one transport, and to bare sockets. */
async function measure(kind: "tcp" | "websocket", scale: number): Promise<string[][]> {
  const receivers = [
    { name: "bare", kind: "bare", target: "bare", room: "" },
    { name: kind, kind, target: "room", room: "bench://room" },
    { name: `${kind}, history`, kind, target: "room", room: "kept://room" },
  ] as const;
  const connections = scaled(CONNECTIONS, scale, 20);
  const rounds = Math.max(1, Math.round(ROUNDS * Math.min(1, scale * 10)));
  await using subject = new Child("./subject.ts");
  await using sink = new Child("./sink.ts");
  const ports = await subject.call<Ports>("listen", { onData: "ignore" });
  for (const { kind, room } of receivers) {
    await sink.call("open", { kind, port: ports[kind], clients: connections, room });
  }
  const costs = receivers.map((): number[] => []);
  let expected = await sink.call<number>("received");
  for (let round = -1; round < rounds; round++) {
    for (const [index, { kind, target, room }] of receivers.entries()) {
      const before = await subject.usage();
      for (let push = 0; push < PUSHES_PER_ROUND; push++) {
        await subject.call("fanout", { target, room, bodyBytes: BODY_BYTES });
        // Each push settles before the next, so that none pays for completions of another.
        expected += connections * frameBytes[kind];
        await sink.call("untilReceived", { bytes: expected });
      }
      const after = await subject.usage();
      const writes = connections * PUSHES_PER_ROUND;
      if (round >= 0) costs[index].push((after.cpuUs - before.cpuUs) / writes);
    }
  }
  const floor = median(costs[0]);
  return receivers.map(({ name }, index) => {
    const us = median(costs[index]);
    return [name, cell(us), cell(us / floor)];
  });
}

/**
 * CPU of the server per message of a fan-out to a room of 5,000, one frame at a time, without
 * history and with, next to a loop of bare socket writes to as many connections in the same
 * process, in turns.
 */
export async function run(scale: number): Promise<void> {
  const connections = scaled(CONNECTIONS, scale, 20);
  printTable(
    `Fan-out of ${BODY_BYTES}-byte pushes to a room of ${connections}, CPU per message`,
    ["connections", "µs", "ratio to bare"],
    [...await measure("tcp", scale), ...await measure("websocket", scale)],
  );
}
