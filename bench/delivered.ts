import { roomDefaults } from "../protocol/room_options.ts";
import { Child } from "./child.ts";
import { cell, median, printTable, scaled } from "./measure.ts";
import { pushToRoom } from "./room_client.ts";
import type { ServerPorts } from "./whole_server.ts";

const MEMBERS = 2_000;
const BODY_BYTES = 100;
const FRAME_BYTES = 16 + BODY_BYTES;
/** Pushes of a batch; one batch is pushed while the one before is on its way. */
const BATCH = 256;
const CALLERS = 64;
const BATCHES_PER_ROUND = 20;
const ROUNDS = 5;

/** The rooms that are pushed to. */
const subjects = [
  { name: "without history", room: "bench://room" },
  { name: "with history", room: "kept://room" },
];

/** Members of a room, in a process of their own. */
interface Members {
  readonly room: string;
  readonly sink: Child;
  /** Bytes that will have come when all that was pushed has. */
  expectedBytes: number;
}

async function openMembers(port: number, clients: number, room: string): Promise<Members> {
  const sink = new Child("./sink.ts");
  await sink.call("open", { kind: "tcp", port, clients, room });
  return { room, sink, expectedBytes: await sink.call<number>("received") };
}

/** Pushes some, a number of callers at a time. */
async function pushBatch(httpPort: number, room: string, pushes: number): Promise<void> {
  const body = new Uint8Array(BODY_BYTES);
  let left = pushes;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    while (left-- > 0) await pushToRoom(httpPort, room, body);
  }));
}

/** Pushes batches, and waits until all members have all of it. */
async function pushAll(http: number, members: Members, clients: number, batches: number) {
  const { sink, room } = members;
  let arrived = Promise.resolve();
  for (let batch = 0; batch < batches; batch++) {
    await pushBatch(http, room, BATCH);
    await arrived;
    members.expectedBytes += BATCH * clients * FRAME_BYTES;
    arrived = sink.call("untilReceived", { bytes: members.expectedBytes });
  }
  await arrived;
}

/**
 * As many pushes over HTTP as reach all members of a room, without history and with, in turns:
 * messages to clients a second, and for each second of CPU of the server.
 */
export async function run(scale: number): Promise<void> {
  const clients = scaled(MEMBERS, Math.min(1, scale), 20);
  const batches = scaled(BATCHES_PER_ROUND, scale, 1);
  const rounds = scaled(ROUNDS, Math.min(1, scale), 1);
  await using server = new Child("./whole_server.ts");
  const rooms = [{ ...roomDefaults, type: "kept", historySize: 1_000 }];
  const { tcp, http } = await server.call<ServerPorts>("start", { rooms });
  const receivers: Members[] = [];
  for (const { room } of subjects) receivers.push(await openMembers(tcp, clients, room));
  const perS = subjects.map((): number[] => []);
  const perCpuS = subjects.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [index, members] of receivers.entries()) {
      const before = await server.usage();
      const startMs = performance.now();
      await pushAll(http, members, clients, batches);
      const tookS = (performance.now() - startMs) / 1_000;
      const cpuS = ((await server.usage()).cpuUs - before.cpuUs) / 1e6;
      const messages = batches * BATCH * clients;
      if (round >= 0) {
        perS[index].push(messages / tookS);
        perCpuS[index].push(messages / cpuS);
      }
    }
  }
  for (const { sink } of receivers) await sink.stop();
  const floor = median(perCpuS[0]);
  printTable(
    `Messages to clients, ${BODY_BYTES} bytes to a room of ${clients}, as many as get through`,
    ["room", "messages/s", "messages per s of CPU", "ratio"],
    subjects.map(({ name }, index) => {
      const ofCpu = median(perCpuS[index]);
      return [name, cell(median(perS[index])), cell(ofCpu), cell(ofCpu / floor)];
    }),
  );
}
