import type { AppendOptions, PushLog } from "../drivers/ports.ts";
import { partitionOfRoom } from "../protocol/push_message.ts";
import { cell, median, printTable, scaled } from "./measure.ts";
import { drain, perSecond, storeNames, withPushLog } from "./stores.ts";

const PUSHES = 100_000;
const BODY_BYTES = 100;
const ROOMS = 100;

/** Pushes that are under way at once. */
const CALLERS = 256;

/** Messages whose media time is within a minute, of those of the large room. */
const MINUTE_MS = 60_000;

/** Media time from one message of the large room to the next, in milliseconds. */
const MEDIA_STEP_MS = 40;

/** Most messages of a page, as logic asks for. */
const PAGE = 1_000;

const retention = { sizeMax: 1_000_000, ttlMs: 3_600_000 };
const large = "live://large";

/** Runs some callers that append one push after the other, and gives pushes per second. */
async function appendAll(
  log: PushLog,
  count: number,
  roomOf: (index: number) => string,
  options: AppendOptions,
): Promise<number> {
  const body = new Uint8Array(BODY_BYTES).fill(7);
  return await perSecond(count, CALLERS, (index) => {
    const room = roomOf(index);
    const mediaMs = index * MEDIA_STEP_MS;
    const push = { kind: "room", room, operation: 1_000, body, mediaMs } as const;
    return log.append(partitionOfRoom(room, log.partitions), push, options);
  });
}

/** Milliseconds to read a minute of media time out of the middle of the large room. */
async function minute(log: PushLog, count: number): Promise<number> {
  const partition = partitionOfRoom(large, log.partitions);
  const fromMs = Math.max(0, Math.floor(count / 2) * MEDIA_STEP_MS);
  const once = async () => {
    const startMs = performance.now();
    let from = fromMs, after = 0, more = true;
    while (more) {
      const query = { room: large, fromMs: from, toMs: fromMs + MINUTE_MS, after };
      const page = await log.readHistory(
        partition,
        { ...query, limit: PAGE, bytesMax: 1 << 20 },
        retention,
      );
      const last = page.messages.at(-1);
      from = last?.mediaMs ?? from;
      after = last?.offset ?? after;
      more = page.more;
    }
    return performance.now() - startMs;
  };
  const times: number[] = [];
  for (let round = 0; round < 5; round++) times.push(await once());
  return median(times);
}

/** Measures a store in rounds of each kind in turn, of which the best counts. */
async function measure(name: string, count: number): Promise<string[]> {
  return await withPushLog(name, async (log) => {
    const roomOf = (index: number) => `live://${index % ROOMS}`;
    const best = [0, 0];
    for (let round = 0; round < 3; round++) {
      for (const [at, options] of [{}, { retention }].entries()) {
        best[at] = Math.max(best[at], await appendAll(log, count, roomOf, options));
        await drain(log);
      }
    }
    await appendAll(log, count, () => large, { retention });
    await drain(log);
    const [without, kept] = best;
    const readMs = await minute(log, count);
    return [name, cell(without), cell(kept), cell(kept / without), cell(readMs)];
  });
}

/**
 * Appends to the push log of each store without and with history, and a read of a minute of media
 * time out of a room that keeps as many messages as were pushed. Needs `redis-server`.
 */
export async function run(scale: number): Promise<void> {
  const count = scaled(PUSHES, scale, CALLERS);
  const rows: string[][] = [];
  for (const name of storeNames) rows.push(await measure(name, count));
  printTable(
    `${count.toLocaleString("en")} pushes of ${BODY_BYTES} bytes to ${ROOMS} rooms, ` +
      `${CALLERS} at once`,
    ["store", "pushes/s", "with history", "ratio", "minute, ms"],
    rows,
  );
}
