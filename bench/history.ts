import { type Prng, randomBelow, seededPrng } from "../base/prng.ts";
import type { PushLog, Retention } from "../drivers/ports.ts";
import { partitionOfRoom } from "../protocol/push_message.ts";
import { type BenchOptions, cell, median, printTable, scaled } from "./measure.ts";
import { drain, perSecond, storeNames, withPushLog } from "./stores.ts";

const COMMENTS = 100_000;
const BODY_BYTES = 100;

/** How long the video is that they are about, in milliseconds. */
const VIDEO_MS = 3_600_000;

/** Appends that are under way at once. */
const CALLERS = 256;

/** Most messages of a page, as logic asks for, and most bytes of their bodies. */
const PAGE = { limit: 1_000, bytesMax: 1 << 20 };

/** How often each read is measured, somewhere else each time. */
const READS = 20;

const retentions: Readonly<Record<"offset" | "media", Retention>> = {
  offset: { by: "offset", sizeMax: COMMENTS, ttlMs: 86_400_000 },
  media: { by: "media", sizeMax: 1_000, ttlMs: 86_400_000 },
};

/** Appends comments whose media times are random to a room, and gives how many a second. */
async function append(
  log: PushLog,
  count: number,
  by: "offset" | "media",
  prng: Prng,
): Promise<number> {
  const body = new Uint8Array(BODY_BYTES).fill(7);
  const room = `vod://${by}`;
  const partition = partitionOfRoom(room, log.partitions);
  const rate = await perSecond(count, CALLERS, () => {
    const mediaMs = randomBelow(prng, VIDEO_MS);
    const push = { kind: "room", room, operation: 1_000, body, mediaMs } as const;
    return log.append(partition, push, { retention: retentions[by] });
  });
  await drain(log);
  return rate;
}

/** Reads a span of media time page by page, and gives how many messages there are. */
async function readSpan(log: PushLog, fromMs: number, toMs: number): Promise<number> {
  const room = "vod://media";
  const partition = partitionOfRoom(room, log.partitions);
  let from = fromMs, after = 0, count = 0, more = true;
  while (more) {
    const query = { room, fromMs: from, toMs, after, ...PAGE };
    const page = await log.readHistory(partition, query, retentions.media);
    ({ more } = page);
    count += page.messages.length;
    ({ mediaMs: from = from, offset: after } = page.messages.at(-1) ?? { offset: after });
  }
  return count;
}

/** Milliseconds of each of some reads of a span, each from another place of the video. */
async function timesOf(log: PushLog, spanMs: number, expected: number, prng: Prng) {
  const times: number[] = [];
  for (let read = 0; read < READS; read++) {
    const fromMs = randomBelow(prng, VIDEO_MS - spanMs + 1);
    const startMs = performance.now();
    const count = await readSpan(log, fromMs, fromMs + spanMs);
    times.push(performance.now() - startMs);
    if (count < expected / 2) throw new Error(`${count} messages were read of about ${expected}`);
  }
  return times;
}

/** Measures one store. */
async function measure(store: string, count: number): Promise<string[]> {
  return await withPushLog(store, async (log) => {
    const prng = seededPrng(1);
    const byOffset = await append(log, count, "offset", prng);
    const byMedia = await append(log, count, "media", prng);
    const share = count / VIDEO_MS;
    const minute = await timesOf(log, 60_000, 60_000 * share, prng);
    const ten = await timesOf(log, 600_000, 600_000 * share, prng);
    return [
      storeNames.includes(store) ? store : "given",
      cell(byOffset),
      cell(byMedia),
      cell(median(minute)),
      cell(Math.max(...minute)),
      cell(median(ten)),
    ];
  });
}

/**
 * Comments to one room of each store, at random places of an hour of video: appends where the room
 * keeps by offset and where it keeps by media time, then reads of a minute and of ten out of the
 * latter. Needs `redis-server`, unless a store is given, whose rooms `vod://offset` and `vod://media`
 * are to be empty.
 */
export async function run(scale: number, { store }: BenchOptions): Promise<void> {
  const count = scaled(COMMENTS, scale, 10_000);
  const rows: string[][] = [];
  for (const name of store === undefined ? storeNames : [store]) {
    rows.push(await measure(name, count));
  }
  printTable(
    `${
      count.toLocaleString("en")
    } comments of ${BODY_BYTES} bytes to one room, ${CALLERS} at once; ` +
      "reads by media time in pages of 1,000",
    ["store", "by offset/s", "by media/s", "minute, ms", "worst", "ten, ms"],
    rows,
  );
}
