import { BinaryReader, BinaryWriter } from "../binary.ts";
import { utf8Length } from "../utf8.ts";

/** Where a delivery comes from in the push log. */
interface FromLog {
  readonly partition: number;
  /** The fencing token of the job's lease: a comet that has seen a larger one refuses it. */
  readonly token: number;
}

/** Frames for one room, back to back, each with its own header. */
export interface RoomDelivery extends FromLog {
  readonly kind: "room";
  readonly room: string;
  readonly frames: Uint8Array;
  /** Place of each frame in its partition, ascending: what a comet has seen, it skips. */
  readonly positions: readonly number[];
}

/** One frame for some keys. */
export interface KeysDelivery extends FromLog {
  readonly kind: "keys";
  readonly position: number;
  readonly keys: readonly string[];
  readonly operation: number;
  readonly frames: Uint8Array;
}

/** One frame for everyone. */
export interface BroadcastDelivery extends FromLog {
  readonly kind: "broadcast";
  readonly position: number;
  readonly operation: number;
  readonly frames: Uint8Array;
  /** Connections per second on this comet; 0 = at once. */
  readonly speed: number;
}

/** One step of a batch. */
export type Delivery = RoomDelivery | KeysDelivery | BroadcastDelivery;

/**
 * The first byte of a batch. Deliveries have no room to grow, since they are most of what crosses a
 * link: another form of them is another number here.
 */
const DELIVERY_VERSION = 1;

/** Which kind a delivery is of, on the wire. */
const Kind = { room: 0, keys: 1, broadcast: 2 } as const;

/** Bytes of a delivery's kind, partition and token. */
const HEAD_BYTES = 1 + 4 + 8;

/** Encodes a batch into memory of exactly its size, with one copy of its frames. */
export function encodeDeliveries(batch: readonly Delivery[]): Uint8Array {
  let bytes = 1 + 4;
  for (const delivery of batch) bytes += deliveryBytes(delivery);
  return new BinaryWriter(bytes).byte(DELIVERY_VERSION).list(batch, writeDelivery).finish();
}

/**
 * Decodes a batch.
 *
 * @param body Borrowed: the frames are copied, one delivery's at a time, so that a connection whose
 * queue keeps them does not keep the whole batch.
 * @throws {RpcError} "bad-request".
 */
export function decodeDeliveries(body: Uint8Array): Delivery[] {
  const reader = new BinaryReader(body);
  const version = reader.byte();
  if (version !== DELIVERY_VERSION) {
    throw reader.bad(`its version must be ${DELIVERY_VERSION}, current value is ${version}`);
  }
  const batch = reader.list(readDelivery);
  reader.end();
  return batch;
}

function deliveryBytes(delivery: Delivery): number {
  const bytes = HEAD_BYTES + 4 + delivery.frames.length;
  switch (delivery.kind) {
    case "room":
      return bytes + 4 + utf8Length(delivery.room) + 4 + 8 * delivery.positions.length;
    case "keys": {
      let keyBytes = 0;
      for (const key of delivery.keys) keyBytes += 4 + utf8Length(key);
      return bytes + 8 + 4 + 4 + keyBytes;
    }
    case "broadcast":
      return bytes + 8 + 4 + 8;
  }
}

function writeDelivery(writer: BinaryWriter, delivery: Delivery): void {
  writer.byte(Kind[delivery.kind]).int32(delivery.partition).integer(delivery.token);
  switch (delivery.kind) {
    case "room":
      writer.string(delivery.room).list(delivery.positions, writePosition);
      break;
    case "keys":
      writer.integer(delivery.position).int32(delivery.operation);
      writer.list(delivery.keys, writeKey);
      break;
    case "broadcast":
      writer.integer(delivery.position).int32(delivery.operation).float64(delivery.speed);
  }
  writer.bytes(delivery.frames);
}

function readDelivery(reader: BinaryReader): Delivery {
  const kind = reader.byte();
  const partition = reader.int32();
  const token = reader.integer();
  switch (kind) {
    case Kind.room: {
      const room = reader.string();
      const positions = reader.list(readPosition);
      return { kind: "room", partition, token, room, positions, frames: reader.bytes().slice() };
    }
    case Kind.keys: {
      const position = reader.integer();
      const operation = reader.int32();
      const keys = reader.list(readKey);
      const frames = reader.bytes().slice();
      return { kind: "keys", partition, token, position, operation, keys, frames };
    }
    case Kind.broadcast: {
      const position = reader.integer();
      const operation = reader.int32();
      const speed = reader.float64();
      const frames = reader.bytes().slice();
      return { kind: "broadcast", partition, token, position, operation, speed, frames };
    }
  }
  throw reader.bad(`a kind must be 0 to 2, current value is ${kind}`);
}

const writePosition = (writer: BinaryWriter, position: number) => void writer.integer(position);
const readPosition = (reader: BinaryReader) => reader.integer();
const writeKey = (writer: BinaryWriter, key: string) => void writer.string(key);
const readKey = (reader: BinaryReader) => reader.string();
