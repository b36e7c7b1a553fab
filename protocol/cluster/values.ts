import type { CloseCode } from "../close_codes.ts";
import type { BinaryReader, BinaryWriter } from "../binary.ts";
import type { ConnectionRef } from "./contract.ts";

/** Writes a close code with its reason, so that the peer need not know it. */
export function writeCloseCode(writer: BinaryWriter, close: CloseCode): void {
  writer.int32(close.code).string(close.reason).boolean(close.reconnect);
}

/** Reads what {@linkcode writeCloseCode} wrote. */
export function readCloseCode(reader: BinaryReader): CloseCode {
  return { code: reader.int32(), reason: reader.string(), reconnect: reader.boolean() };
}

/** Writes who a connection is. */
export function writeConnection(writer: BinaryWriter, connection: ConnectionRef): void {
  const { server, connectionId, mid, key } = connection;
  writer.string(server).integer(connectionId).int64(mid).string(key);
}

/** Reads what {@linkcode writeConnection} wrote. */
export function readConnection(reader: BinaryReader): ConnectionRef {
  return {
    server: reader.string(),
    connectionId: reader.integer(),
    mid: reader.int64(),
    key: reader.string(),
  };
}

/** Writes a text; for lists. */
export function writeString(writer: BinaryWriter, text: string): void {
  writer.string(text);
}

/** Reads a text; for lists. */
export function readString(reader: BinaryReader): string {
  return reader.string();
}

/** Writes an int32; for lists. */
export function writeInteger(writer: BinaryWriter, value: number): void {
  writer.int32(value);
}

/** Reads an int32; for lists. */
export function readInteger(reader: BinaryReader): number {
  return reader.int32();
}

/** Writes members per room. */
export function writeCounts(writer: BinaryWriter, counts: ReadonlyMap<string, number>): void {
  writer.int32(counts.size);
  for (const [room, count] of counts) writer.string(room).int32(count);
}

/** Reads what {@linkcode writeCounts} wrote. */
export function readCounts(reader: BinaryReader): Map<string, number> {
  const counts = new Map<string, number>();
  for (let left = reader.count(); left > 0; left--) counts.set(reader.string(), reader.int32());
  return counts;
}
