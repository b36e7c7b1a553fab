import {
  checkFrames,
  concatFrames,
  encodeFrame,
  readInt32,
  readSequence,
} from "../../protocol/frame.ts";
import type { HistoryMessage } from "../../protocol/history.ts";
import { Limits } from "../../protocol/limits.ts";
import type { Run } from "./ring.ts";

/**
 * The runs of a delivery: whole frames, whose sequences are offsets.
 *
 * @param timeMs When they came, on the wall clock.
 * @throws {ProtocolError} When `frames` is anything else.
 */
export function runsOf(frames: Uint8Array, timeMs: number): Run[] {
  checkFrames(frames);
  const runs: Run[] = [];
  let start = 0;
  let end = 0;
  let first = 0;
  let last = 0;
  while (end < frames.length) {
    const sequence = readSequence(frames, end);
    if (end > start && sequence !== last + 1) {
      runs.push({ first, last, frames: frames.subarray(start, end), timeMs });
      start = end;
    }
    if (end === start) first = sequence;
    last = sequence;
    end += readInt32(frames, end);
  }
  if (end > start) {
    runs.push({ first, last, frames: start === 0 ? frames : frames.subarray(start), timeMs });
  }
  return runs;
}

/** The runs of what a room has kept, each as large as a batch may be. */
export function runsOfHistory(messages: readonly HistoryMessage[]): Run[] {
  const runs: Run[] = [];
  let frames: Uint8Array[] = [];
  let bytes = 0;
  const end = (last: HistoryMessage) => {
    const { offset, timeMs } = last;
    runs.push({
      first: offset - frames.length + 1,
      last: offset,
      frames: concatFrames(frames),
      timeMs,
    });
    frames = [];
    bytes = 0;
  };
  messages.forEach((message, index) => {
    const { offset, operation, body } = message;
    const before = messages[index - 1];
    const frameBytes = Limits.headerBytes + body.length;
    const isFull = bytes + frameBytes > Limits.roomBatchBytesMax;
    if (frames.length > 0 && (isFull || offset !== before.offset + 1)) end(before);
    frames.push(encodeFrame(operation, offset, body));
    bytes += frameBytes;
  });
  if (frames.length > 0) end(messages[messages.length - 1]);
  return runs;
}
