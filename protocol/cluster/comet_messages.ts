import type { CloseCode } from "../close_codes.ts";
import { EMPTY } from "../frame.ts";
import { BinaryReader, BinaryWriter } from "../binary.ts";
import type { Caller } from "./caller.ts";
import { type CometApi, type Delivery, NONE_FENCED, type RoomInterestApi } from "./contract.ts";
import { decodeDeliveries, encodeDeliveries } from "./deliveries.ts";
import { RpcMethod } from "./methods.ts";
import {
  readCloseCode,
  readInteger,
  readString,
  writeCloseCode,
  writeInteger,
  writeString,
} from "./values.ts";

/** A comet on the other end of a link. */
export class CometClient implements CometApi, RoomInterestApi {
  /** @param caller The way there; what watches rooms must be the one link, not a dialer. */
  constructor(private readonly caller: Caller) {}

  async deliver(batch: readonly Delivery[]): Promise<readonly number[]> {
    const body = await this.caller.call(RpcMethod.deliver, encodeDeliveries(batch));
    if (body.length === 0) return NONE_FENCED;
    const reader = new BinaryReader(body);
    const fenced = reader.list(readInteger);
    reader.end();
    return fenced;
  }

  async close(connectionId: number, close: CloseCode): Promise<void> {
    const writer = new BinaryWriter().integer(connectionId);
    writeCloseCode(writer, close);
    await this.caller.call(RpcMethod.close, writer.finish());
  }

  async watch(): Promise<readonly string[]> {
    const reader = new BinaryReader(await this.caller.call(RpcMethod.watch, EMPTY));
    const rooms = reader.list(readString);
    reader.end();
    return rooms;
  }

  async renewWatch(): Promise<void> {
    await this.caller.call(RpcMethod.renewWatch, EMPTY);
  }
}

/**
 * Answers a call that is for a comet.
 *
 * @param api The comet.
 * @param rooms Its rooms, as the end that calls watches them: one object per link, which may keep
 * it as its `context`.
 * @param body Borrowed until the call returns; the frames that the comet gets are its own.
 * @returns Nothing when the method is not one of a comet's; a body that cannot be read rejects.
 */
export function answerComet(
  api: CometApi,
  rooms: RoomInterestApi,
  method: number,
  body: Uint8Array,
): Promise<Uint8Array> | undefined {
  switch (method) {
    case RpcMethod.deliver:
      return deliver(api, body);
    case RpcMethod.close:
      return close(api, new BinaryReader(body));
    case RpcMethod.watch:
      return watch(rooms, new BinaryReader(body));
    case RpcMethod.renewWatch:
      return renewWatch(rooms, new BinaryReader(body));
  }
  return undefined;
}

async function deliver(api: CometApi, body: Uint8Array): Promise<Uint8Array> {
  const fenced = await api.deliver(decodeDeliveries(body));
  if (fenced.length === 0) return EMPTY;
  return new BinaryWriter(4 + 4 * fenced.length).list(fenced, writeInteger).finish();
}

async function close(api: CometApi, reader: BinaryReader): Promise<Uint8Array> {
  const connectionId = reader.integer();
  const close = readCloseCode(reader);
  reader.end();
  await api.close(connectionId, close);
  return EMPTY;
}

async function watch(rooms: RoomInterestApi, reader: BinaryReader): Promise<Uint8Array> {
  reader.end();
  const held = await rooms.watch();
  return new BinaryWriter(16 + 32 * held.length).list(held, writeString).finish();
}

async function renewWatch(rooms: RoomInterestApi, reader: BinaryReader): Promise<Uint8Array> {
  reader.end();
  await rooms.renewWatch();
  return EMPTY;
}
