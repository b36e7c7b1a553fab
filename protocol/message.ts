/**
 * Messages that can grow. A message is its members, one after the other, in any order:
 *
 *     number (1 byte) | length of the value (int32) | value
 *
 * Whoever reads one passes over the members that it does not know and puts the default where one is
 * missing. So a member that is added later needs a number that was never used, and a default that
 * stands for what was meant before it was there. What a number means never changes.
 */
import { BinaryReader, BinaryWriter } from "./binary.ts";

/** How values of a type are written. Whoever holds one knows how many bytes it has. */
export interface Value<T> {
  write(writer: BinaryWriter, value: T): void;
  /** @throws {RpcError} "bad-request"; that it has read `bytes` bytes is checked by its caller. */
  read(reader: BinaryReader, bytes: number): T;
}

/** What the bodies of calls and answers, or of frames of the RPC, are made by. */
export interface Codec<T> {
  /** @returns Bytes that never change afterwards. */
  encode(value: T): Uint8Array;
  /**
   * @param body Borrowed for as long as byte members of the value are in use.
   * @throws {RpcError} "bad-request".
   */
  decode(body: Uint8Array): T;
}

/** Number and type of a member; one with a default, even `undefined`, may be missing. */
export type Member<T> =
  | readonly [number: number, value: Value<Exclude<T, undefined>>]
  | readonly [number: number, value: Value<Exclude<T, undefined>>, missing: T];

/** The members of a message that stands for an object. */
export type Members<T> = { readonly [Name in keyof T]-?: Member<T[Name]> };

export const text: Value<string> = {
  write: (writer, value) => writer.text(value),
  read: (reader, bytes) => reader.text(bytes),
};

/** Bytes as they are; a view of the body when read. */
export const bytes: Value<Uint8Array> = {
  write: (writer, value) => writer.raw(value),
  read: (reader, bytes) => reader.raw(bytes),
};

export const boolean: Value<boolean> = {
  write: (writer, value) => writer.boolean(value),
  read: (reader) => reader.boolean(),
};

export const int32: Value<number> = {
  write: (writer, value) => writer.int32(value),
  read: (reader) => reader.int32(),
};

/** A safe integer. */
export const integer: Value<number> = {
  write: (writer, value) => writer.integer(value),
  read: (reader) => reader.integer(),
};

export const int64: Value<bigint> = {
  write: (writer, value) => writer.int64(value),
  read: (reader) => reader.int64(),
};

export const float64: Value<number> = {
  write: (writer, value) => writer.float64(value),
  read: (reader) => reader.float64(),
};

/** Numbers by name, without anything that could be skipped: there may be very many. */
export const counts: Value<ReadonlyMap<string, number>> = {
  write(writer, value) {
    for (const [name, count] of value) writer.string(name).int32(count);
  },
  read(reader, bytes) {
    const value = new Map<string, number>();
    const end = reader.offset + bytes;
    while (reader.offset < end) value.set(reader.string(), reader.int32());
    return value;
  },
};

/** Texts by name. */
export const texts: Value<Readonly<Record<string, string>>> = {
  write(writer, value) {
    for (const [name, item] of Object.entries(value)) writer.string(name).string(item);
  },
  read(reader, bytes) {
    const entries: [string, string][] = [];
    const end = reader.offset + bytes;
    while (reader.offset < end) entries.push([reader.string(), reader.string()]);
    return Object.fromEntries(entries);
  },
};

/** Any number of values of one type. */
export function list<T>(item: Value<T>): Value<readonly T[]> {
  return {
    write(writer, items) {
      for (const value of items) writePart(writer, item, value);
    },
    read(reader, bytes) {
      const items: T[] = [];
      const end = reader.offset + bytes;
      while (reader.offset < end) items.push(readPart(reader, item, end));
      return items;
    },
  };
}

interface NamedMember {
  readonly name: string;
  readonly number: number;
  readonly type: Value<unknown>;
  readonly isRequired: boolean;
}

/** Objects as messages; also as values within others. */
export class Message<T> implements Codec<T>, Value<T> {
  readonly #members: readonly NamedMember[];
  readonly #byNumber: NamedMember[] = [];
  /** What an empty message stands for, with `undefined` for what it must have. */
  readonly #missing: Record<string, unknown> = {};

  constructor(members: Members<T>) {
    const all = Object.entries<Member<unknown>>(members as Record<string, Member<unknown>>);
    this.#members = all.map(([name, member]) => {
      const [number, type, missing] = member;
      this.#missing[name] = missing;
      return this.#byNumber[number] = { name, number, type, isRequired: member.length === 2 };
    });
  }

  encode(value: T): Uint8Array {
    const writer = new BinaryWriter(256);
    this.write(writer, value);
    return writer.finish();
  }

  decode(body: Uint8Array): T {
    return this.read(new BinaryReader(body), body.length);
  }

  write(writer: BinaryWriter, value: T): void {
    for (const { name, number, type } of this.#members) {
      const member = value[name as keyof T];
      if (member !== undefined) writePart(writer.byte(number), type, member);
    }
  }

  read(reader: BinaryReader, bytes: number): T {
    const value = { ...this.#missing };
    const end = reader.offset + bytes;
    while (reader.offset < end) {
      const member = this.#byNumber[reader.byte()];
      if (member === undefined) reader.raw(reader.length(end));
      else value[member.name] = readPart(reader, member.type, end);
    }
    for (const { name, isRequired } of this.#members) {
      if (isRequired && value[name] === undefined) throw reader.bad(`"${name}" is missing`);
    }
    return value as T;
  }
}

/** A value as a message of one member, which others may join: it has number 1. */
export function alone<T>(value: Value<Exclude<T, undefined>>, ...missing: [] | [T]): Codec<T> {
  const message = new Message<{ value: T }>({
    value: [1, value, ...missing] as Member<T>,
  } as Members<{ value: T }>);
  return {
    encode: (value) => message.encode({ value }),
    decode: (body) => message.decode(body).value,
  };
}

/** Writes a value with its length. */
function writePart<T>(writer: BinaryWriter, type: Value<T>, value: T): void {
  const start = writer.int32(0).length;
  type.write(writer, value);
  writer.patch(start - 4, writer.length - start);
}

/** Reads a value with its length. @param end Where what holds it ends. */
function readPart<T>(reader: BinaryReader, type: Value<T>, end: number): T {
  const length = reader.length(end);
  const valueEnd = reader.offset + length;
  const value = type.read(reader, length);
  if (reader.offset !== valueEnd) throw reader.bad(`a value must fill its ${length} bytes`);
  return value;
}
