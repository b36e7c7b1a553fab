import type { RoomPushes } from "../types.ts";

/** Methods that the parent calls in a client process; bodies and answers are JSON. */
export const ClientMethod = {
  connect: 101,
  progress: 102,
  silence: 103,
  stopReading: 104,
  resumeReading: 105,
  leave: 106,
  changeRooms: 107,
  storm: 108,
  silentReport: 109,
  finish: 110,
  disconnect: 111,
  reconnect: 112,
  answered: 113,
  members: 114,
} as const;

/** Where a client process finds what it is to do: JSON of {@linkcode ClientProcessOptions}. */
export const SIM_VARIABLE = "HALLEY_SIM";

/** What a client process starts with. */
export interface ClientProcessOptions {
  /** The process of its parent. */
  readonly parent: number;
  /** Where its parent listens. */
  readonly port: number;
  readonly secret: string;
  readonly index: number;
  /** Of this run's pushes. */
  readonly tag: number;
}

/** Pushes of a room with their times as JSON takes least room for them. */
type PackedPushes = RoomPushes & { readonly baseMs: number };

/** Times as whole milliseconds, each since the one before it. */
function differences(times: readonly number[], baseMs: number): number[] {
  let before = baseMs;
  return times.map((ms) => {
    const difference = Math.round(ms - before);
    before += difference;
    return difference;
  });
}

function sums(differences: readonly number[], baseMs: number): number[] {
  let ms = baseMs;
  return differences.map((difference) => ms += difference);
}

/** Makes pushes small enough for a call: a long run has very many. */
export function packPushes(pushes: readonly RoomPushes[]): PackedPushes[] {
  return pushes.map((room) => {
    const baseMs = Math.round(room.sentMs[0] ?? 0);
    const sentMs = differences(room.sentMs, baseMs);
    return { ...room, baseMs, sentMs, answeredMs: differences(room.answeredMs, baseMs) };
  });
}

/** The pushes of {@linkcode packPushes}, with times to the millisecond. */
export function unpackPushes(packed: readonly PackedPushes[]): RoomPushes[] {
  return packed.map(({ baseMs, ...room }) => ({
    ...room,
    sentMs: sums(room.sentMs, baseMs),
    answeredMs: sums(room.answeredMs, baseMs),
  }));
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A value as the body of a call. */
export function toJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value ?? null));
}

/** The value of a body. */
export function fromJson<Value>(body: Uint8Array): Value {
  return JSON.parse(decoder.decode(body));
}
