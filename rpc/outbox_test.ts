import assert from "node:assert/strict";
import { test } from "node:test";
import { seededPrng } from "../base/prng.ts";
import { type Conn, WriteOutcome } from "../platform/port.ts";
import { concatFrames, encodeFrame, forEachFrame } from "../protocol/frame.ts";
import { Outbox } from "./outbox.ts";

/** Keeps references to what is written, as connections do. */
class Written {
  readonly writes: Uint8Array[] = [];
  outcome: WriteOutcome = WriteOutcome.sent;
  pendingBytes = 0;
  write(bytes: Uint8Array): WriteOutcome {
    this.writes.push(bytes);
    return this.outcome;
  }
}

function open(): { conn: Written; outbox: Outbox; stuck: number[] } {
  const conn = new Written();
  const stuck: number[] = [];
  return { conn, stuck, outbox: new Outbox(conn as unknown as Conn, () => stuck.push(1)) };
}

test("Outbox sends the frames of one turn in one write", async () => {
  const { conn, outbox } = open();
  const bodies = [1, 2, 3].map((value) => new Uint8Array(100).fill(value));
  bodies.forEach((body, index) => outbox.frame(5, index, body));
  assert.equal(conn.writes.length, 0);
  assert.equal(outbox.unsentBytes, 3 * 116);
  await Promise.resolve();
  assert.equal(outbox.unsentBytes, 0);
  assert.equal(conn.writes.length, 1);
  assert.deepEqual(
    conn.writes[0],
    concatFrames(bodies.map((body, index) => encodeFrame(5, index, body))),
  );
  await Promise.resolve();
  assert.equal(conn.writes.length, 1);
});

test("Outbox sends a large body as it is, in its place among the others", () => {
  const { conn, outbox } = open();
  const large = new Uint8Array(50_000).fill(9);
  outbox.frame(1, 1, new Uint8Array(1));
  outbox.frame(1, 2, large);
  outbox.frame(1, 3, new Uint8Array(1));
  outbox.flush();
  assert.ok(conn.writes.includes(large));
  const sequences: number[] = [];
  forEachFrame(concatFrames(conn.writes), ({ sequence }) => sequences.push(sequence));
  assert.deepEqual(sequences, [1, 2, 3]);
});

test("Outbox never changes what it has written, whatever the sizes", async () => {
  const { conn, outbox } = open();
  const prng = seededPrng(5);
  const frames: Uint8Array[] = [];
  for (let sequence = 0; sequence < 3_000; sequence++) {
    const body = new Uint8Array(prng.nextUint32() % 3_000).fill(sequence);
    frames.push(encodeFrame(7, sequence, body));
    outbox.frame(7, sequence, body);
    if (sequence % 7 === 0) await Promise.resolve();
  }
  outbox.flush();
  assert.deepEqual(concatFrames(conn.writes), concatFrames(frames));
  assert.equal(outbox.takenBytes, concatFrames(frames).length);
});

test("Outbox stops for good after a write that was dropped, and says so once", () => {
  const { conn, outbox, stuck } = open();
  conn.outcome = WriteOutcome.dropped;
  outbox.frame(1, 1, new Uint8Array(1));
  outbox.flush();
  conn.outcome = WriteOutcome.sent;
  outbox.frame(1, 2, new Uint8Array(50_000));
  outbox.flush();
  assert.equal(conn.writes.length, 1);
  assert.deepEqual(stuck, [1]);
});

test("Outbox.close() sends nothing more, nor what was put together", async () => {
  const { conn, outbox } = open();
  outbox.frame(1, 1, new Uint8Array(1));
  outbox.close();
  outbox.frame(1, 2, new Uint8Array(1));
  await Promise.resolve();
  outbox.flush();
  assert.equal(conn.writes.length, 0);
});
