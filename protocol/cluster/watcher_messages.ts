import { EMPTY } from "../frame.ts";
import { BinaryReader, BinaryWriter } from "../binary.ts";
import type { Caller } from "./caller.ts";
import type { WatcherApi } from "./contract.ts";
import { RpcMethod } from "./methods.ts";
import { readString, writeString } from "./values.ts";

/** A job that watches rooms, on the other end of a link. */
export class WatcherClient implements WatcherApi {
  /** @param caller The link over which the job began to watch. */
  constructor(private readonly caller: Caller) {}

  async add(rooms: readonly string[]): Promise<void> {
    await this.caller.call(RpcMethod.addRooms, encode(rooms));
  }

  async remove(rooms: readonly string[]): Promise<void> {
    await this.caller.call(RpcMethod.removeRooms, encode(rooms));
  }
}

/**
 * Answers a call that is for a job that watches rooms.
 *
 * @param body Borrowed until the call returns.
 * @returns Nothing when the method is not one of these; a body that cannot be read rejects.
 */
export function answerWatcher(
  api: WatcherApi,
  method: number,
  body: Uint8Array,
): Promise<Uint8Array> | undefined {
  if (method === RpcMethod.addRooms) return add(api, body);
  if (method === RpcMethod.removeRooms) return remove(api, body);
  return undefined;
}

async function add(api: WatcherApi, body: Uint8Array): Promise<Uint8Array> {
  await api.add(decode(body));
  return EMPTY;
}

async function remove(api: WatcherApi, body: Uint8Array): Promise<Uint8Array> {
  await api.remove(decode(body));
  return EMPTY;
}

function encode(rooms: readonly string[]): Uint8Array {
  return new BinaryWriter(16 + 32 * rooms.length).list(rooms, writeString).finish();
}

function decode(body: Uint8Array): string[] {
  const reader = new BinaryReader(body);
  const rooms = reader.list(readString);
  reader.end();
  return rooms;
}
