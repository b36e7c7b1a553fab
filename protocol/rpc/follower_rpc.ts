import { EMPTY } from "../frame.ts";
import { BinaryReader, BinaryWriter } from "./binary.ts";
import type { Caller } from "./caller.ts";
import type { FollowerApi } from "./contract.ts";
import { RpcMethod } from "./methods.ts";
import { readString, writeString } from "./values.ts";

/** A job that follows rooms, on the other end of a link. */
export class FollowerClient implements FollowerApi {
  /** @param caller The link over which the job began to follow. */
  constructor(private readonly caller: Caller) {}

  async hold(rooms: readonly string[]): Promise<void> {
    await this.caller.call(RpcMethod.hold, encode(rooms));
  }

  async release(rooms: readonly string[]): Promise<void> {
    await this.caller.call(RpcMethod.release, encode(rooms));
  }
}

/**
 * Answers a call that is for a job that follows rooms.
 *
 * @param body Borrowed until the call returns.
 * @returns Nothing when the method is not one of these; a body that cannot be read rejects.
 */
export function answerFollower(
  api: FollowerApi,
  method: number,
  body: Uint8Array,
): Promise<Uint8Array> | undefined {
  if (method === RpcMethod.hold) return hold(api, body);
  if (method === RpcMethod.release) return release(api, body);
  return undefined;
}

async function hold(api: FollowerApi, body: Uint8Array): Promise<Uint8Array> {
  await api.hold(decode(body));
  return EMPTY;
}

async function release(api: FollowerApi, body: Uint8Array): Promise<Uint8Array> {
  await api.release(decode(body));
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
