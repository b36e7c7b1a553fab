/** Methods that the parent calls in a client process; bodies and answers are JSON. */
export const ClientMethod = {
  connect: 101,
  progress: 102,
  silence: 103,
  stopReading: 104,
  readAgain: 105,
  leave: 106,
  changeRooms: 107,
  storm: 108,
  silentReport: 109,
  finish: 110,
  disconnect: 111,
} as const;

/** Where a client process finds what it is to do: JSON of {@linkcode ClientProcessOptions}. */
export const SIM_VARIABLE = "HALLEY_SIM";

/** What a client process starts with. */
export interface ClientProcessOptions {
  /** Where its parent listens. */
  readonly port: number;
  readonly secret: string;
  readonly index: number;
  /** Of this run's pushes. */
  readonly tag: number;
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
