import assert from "node:assert/strict";
import { type Prng, randomBelow } from "../../base/prng.ts";
import { WriteOutcome } from "../port.ts";
import { type ProbeConn, turn } from "./probe.ts";

/** Length and number of a numbered write, in bytes. */
const headBytes = 8;

/** Most writes before a test gives up on a socket that never fills. */
const writesMax = 4096;

/** Turns after which bytes that still wait have met a full socket: Deno may look at its sockets
 * only every 61st turn while each turn brings another. */
const turnsToSend = 70;

/** A write that says its length and its number. */
export function numbered(index: number, length: number): Uint8Array {
  const frame = new Uint8Array(length).fill(index & 0xff);
  const view = new DataView(frame.buffer);
  view.setUint32(0, length);
  view.setUint32(4, index);
  return frame;
}

/** Takes a stream of numbered writes apart; every one must be whole. */
export function numbersOf(stream: Uint8Array): number[] {
  const view = new DataView(stream.buffer);
  const numbers: number[] = [];
  let offset = 0;
  while (offset < stream.length) {
    const length = view.getUint32(offset);
    const index = view.getUint32(offset + 4);
    assert(length >= headBytes && offset + length <= stream.length, `write ${index} was cut`);
    const body = stream.subarray(offset + headBytes, offset + length);
    assert(body.every((byte) => byte === (index & 0xff)), `write ${index} was mixed up`);
    numbers.push(index);
    offset += length;
  }
  return numbers;
}

/** What became of many writes. */
export interface Written {
  /** Numbers of the writes that were not dropped. */
  readonly accepted: number[];
  /** Every outcome there was. */
  readonly outcomes: Set<WriteOutcome>;
  /** Bytes of the writes that were not dropped. */
  acceptedBytes: number;
  /** The most that was ever pending, in bytes. */
  pendingBytesPeak: number;
}

/** Writes to a peer that does not read until its socket is full and writes were dropped. */
export async function fill(
  conn: ProbeConn,
  lengthMax: number,
  prng: Prng,
  drops = 1,
): Promise<Written> {
  const written: Written = {
    accepted: [],
    outcomes: new Set(),
    acceptedBytes: 0,
    pendingBytesPeak: 0,
  };
  let dropped = 0;
  // Nobody reads: a socket that is full stays so.
  let isFull = false;
  for (let index = 0; dropped < drops; index++) {
    assert(index < writesMax, "the socket never filled");
    const length = headBytes + randomBelow(prng, lengthMax - headBytes);
    const outcome = conn.write(numbered(index, length));
    written.outcomes.add(outcome);
    written.pendingBytesPeak = Math.max(written.pendingBytesPeak, conn.pendingBytes);
    assert(outcome !== WriteOutcome.closed, "the connection closed");
    if (outcome === WriteOutcome.dropped) {
      dropped++;
    } else {
      written.accepted.push(index);
      written.acceptedBytes += length;
    }
    for (let turns = 0; conn.pendingBytes > 0 && turns < turnsToSend && !isFull; turns++) {
      await turn();
    }
    isFull = conn.pendingBytes > 0;
  }
  return written;
}
