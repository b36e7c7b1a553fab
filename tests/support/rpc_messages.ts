import fc from "fast-check";
import { CloseCodes } from "../../protocol/close_codes.ts";

/** Arbitrary objects as code makes them. */
function record<T>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(fields, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

/** Text that UTF-8 can carry. */
const text = fc.string({ unit: "grapheme", maxLength: 40 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const int32 = fc.integer();
const mid = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const position = fc.maxSafeNat();
const bytes = fc.uint8Array({ maxLength: 300 });
const headers = optional(fc.dictionary(text, text, { noNullPrototype: true }));
const permissions = {
  rooms: optional(fc.array(text)),
  publish: optional(fc.array(text)),
  expiresInMs: optional(fc.maxSafeNat()),
};
const from = { partition: fc.nat(1_000), token: fc.maxSafeNat() };

/** Arbitrary messages of the RPC between roles. */
export const messages = {
  text,
  texts: fc.array(text),
  bytes,
  close: fc.constantFrom(...Object.values(CloseCodes)),
  int32s: fc.array(int32),
  registered: record({
    openAfterMs: fc.nat(),
    leaseMs: fc.oneof(fc.nat(), fc.constant(Infinity)),
  }),
  counts: fc.array(fc.tuple(text, int32)).map((entries) => new Map(entries)),
  connectionId: fc.maxSafeNat(),
  connectRequest: record({
    server: text,
    connectionId: fc.maxSafeNat(),
    token: bytes,
    remoteAddress: text,
    headers,
  }),
  permissions: record(permissions),
  probeRequest: record({
    server: text,
    partition: int32,
    sentMs: fc.maxSafeInteger(),
    ageMs: optional(fc.maxSafeInteger()),
    pushes: fc.boolean(),
  }),
  probeReply: record({ stored: fc.boolean(), partitions: int32 }),
  renewAuthRequest: record({
    server: text,
    connectionId: fc.maxSafeNat(),
    mid,
    key: text,
    token: bytes,
    remoteAddress: text,
    headers,
  }),
  connectReply: record({
    mid,
    key: text,
    room: text,
    accepts: fc.array(int32),
    asksJoins: fc.boolean(),
    extras: optional(record({
      features: fc.array(text),
      since: optional(record({ epoch: text, offset: fc.nat() })),
      last: optional(fc.nat()),
    })),
    ...permissions,
  }),
  historyQuery: record({
    room: text,
    after: optional(fc.maxSafeNat()),
    last: optional(fc.maxSafeNat()),
    fromMs: optional(fc.maxSafeNat()),
    toMs: optional(fc.maxSafeNat()),
    limit: fc.nat(),
    bytesMax: fc.nat(),
  }),
  historyPage: record({
    epoch: text,
    head: fc.nat(),
    first: fc.nat(),
    messages: fc.array(record({
      offset: fc.nat(),
      operation: int32,
      timeMs: fc.maxSafeNat(),
      mediaMs: optional(fc.maxSafeNat()),
      mid,
      body: bytes,
    })),
    more: fc.boolean(),
  }),
  connection: record({ server: text, connectionId: fc.maxSafeNat(), mid, key: text }),
  joinRequest: record({ server: text, connectionId: fc.maxSafeNat(), mid, key: text, room: text }),
  receivedFrame: record({
    server: text,
    connectionId: fc.maxSafeNat(),
    mid,
    key: text,
    room: text,
    operation: int32,
    sequence: int32,
    body: bytes,
  }),
  publishRequest: record({
    server: text,
    connectionId: fc.maxSafeNat(),
    mid,
    key: text,
    room: text,
    operation: optional(int32),
    body: bytes,
    mediaMs: optional(fc.maxSafeNat()),
    publishId: optional(text),
  }),
  publishReply: record({
    code: int32,
    message: text,
    retryMs: fc.maxSafeNat(),
    epoch: text,
    offset: fc.nat(),
    reply: bytes,
  }),
  node: record({
    server: text,
    name: text,
    region: text,
    zone: text,
    env: text,
    hostname: text,
    addresses: fc.array(text),
    rpc: text,
    version: text,
    weight: fc.nat(),
    offline: fc.boolean(),
  }),
  delivery: fc.oneof(
    record({
      kind: fc.constant("room" as const),
      ...from,
      room: text,
      epoch: fc.constant(""),
      head: fc.constant(0),
      frames: bytes,
      positions: fc.array(position),
    }),
    record({
      kind: fc.constant("room" as const),
      ...from,
      room: text,
      epoch: fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }),
      head: fc.nat(),
      frames: bytes,
      positions: fc.array(position),
    }),
    record({
      kind: fc.constant("keys" as const),
      ...from,
      position,
      keys: fc.array(text),
      operation: int32,
      frames: bytes,
    }),
    record({
      kind: fc.constant("broadcast" as const),
      ...from,
      position,
      operation: int32,
      frames: bytes,
      speed: fc.double({ min: 0, noNaN: true }),
    }),
  ),
};
