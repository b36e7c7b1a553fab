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
  /** Epoch of the room's log, whose offsets the frames have as their sequence; empty without one. */
  readonly epoch: string;
  /**
   * Offset up to which the room's log has got, with an epoch. Where the last frame has a smaller
   * one, or there is none, the others could not be kept for this comet, which asks logic for them.
   * An empty room key stands for all rooms with a log.
   */
  readonly head: number;
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

/** The version of the RPC from which on a comet knows of the logs of rooms. */
export const LOG_VERSION = 4;

/** A batch for a comet that knows of no logs: their messages are pushes like others. */
export function withoutLogs(batch: readonly Delivery[]): readonly Delivery[] {
  const plain: Delivery[] = [];
  for (const delivery of batch) {
    if (delivery.kind !== "room" || delivery.epoch === "") plain.push(delivery);
    else if (delivery.positions.length > 0) plain.push({ ...delivery, epoch: "", head: 0 });
  }
  return plain;
}

/**
 * The first byte of a batch. Deliveries have no room to grow, since they are most of what crosses a
 * link: another form of them is another number here.
 */
const DELIVERY_VERSION = 1;

/** Which kind a delivery is of, on the wire. */
const Kind = { room: 0, keys: 1, broadcast: 2, log: 3 } as const;

/** What a delivery is, on the wire: what is of a room's log, roles of version 3 do not know. */
function kindOf(delivery: Delivery): number {
  return delivery.kind === "room" && delivery.epoch !== "" ? Kind.log : Kind[delivery.kind];
}

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
    case "room": {
      const epochBytes = delivery.epoch === "" ? 0 : 4 + utf8Length(delivery.epoch) + 4;
      return bytes + 4 + utf8Length(delivery.room) + epochBytes +
        4 + 8 * delivery.positions.length;
    }
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
  writer.byte(kindOf(delivery)).int32(delivery.partition).integer(delivery.token);
  switch (delivery.kind) {
    case "room":
      writer.string(delivery.room);
      if (delivery.epoch !== "") writer.string(delivery.epoch).int32(delivery.head);
      writer.list(delivery.positions, writePosition);
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
    case Kind.room:
    case Kind.log: {
      const room = reader.string();
      const epoch = kind === Kind.log ? reader.string() : "";
      const head = kind === Kind.log ? reader.int32() : 0;
      const positions = reader.list(readPosition);
      const frames = reader.bytes().slice();
      return { kind: "room", partition, token, room, epoch, head, positions, frames };
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
  throw reader.bad(`a kind must be 0 to 3, current value is ${kind}`);
}

const writePosition = (writer: BinaryWriter, position: number) => void writer.integer(position);
const readPosition = (reader: BinaryReader) => reader.integer();
const writeKey = (writer: BinaryWriter, key: string) => void writer.string(key);
const readKey = (reader: BinaryReader) => reader.string();
