import type { RoomPushes } from "../types.ts";

/** Method by which the parent calls a client process: JSON of a command and its argument. */
export const COMMAND = 101;

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

/** Times as whole milliseconds, each since the one before it. */
function differences(times: readonly number[]): number[] {
  return times.map((ms, at) => Math.round(ms) - Math.round(times[at - 1] ?? 0));
}

function sums(differences: readonly number[]): number[] {
  let ms = 0;
  return differences.map((difference) => ms += difference);
}

/** Makes pushes small enough for a call, as JSON: a long run has very many. */
export function packPushes(pushes: readonly RoomPushes[]): readonly RoomPushes[] {
  return pushes.map((room) => ({
    ...room,
    sentMs: differences(room.sentMs),
    answeredMs: differences(room.answeredMs),
  }));
}

/** The pushes of {@linkcode packPushes}, with times to the millisecond. */
export function unpackPushes(packed: readonly RoomPushes[]): RoomPushes[] {
  return packed.map((room) => ({
    ...room,
    sentMs: sums(room.sentMs),
    answeredMs: sums(room.answeredMs),
  }));
}

/** A value as the body of a call. */
export function toJson(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value ?? null));
}

/** The value of a body. */
export function fromJson<Value>(body: Uint8Array): Value {
  return JSON.parse(new TextDecoder().decode(body));
}
