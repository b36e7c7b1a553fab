/**
 * The messages between roles with a sample of each, and their recorded bytes in `tests/golden/`.
 * After a message was added or has grown:
 *
 *     deno run -A tests/support/golden_messages.ts
 *
 * adds what is not recorded yet to the file of the version that this program speaks. What is
 * recorded stays: it must be read for ever.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { CloseCodes } from "../../protocol/close_codes.ts";
import type { Call, Calls } from "../../protocol/cluster/calls.ts";
import {
  type CometApi,
  cometCalls,
  type CometControl,
  cometControlCalls,
  type RoomInterestApi,
  roomInterestCalls,
} from "../../protocol/cluster/comet_calls.ts";
import { type DrainApi, drainCalls } from "../../protocol/cluster/drain_calls.ts";
import { closeCodeMessage } from "../../protocol/cluster/connection.ts";
import { type LogicApi, logicCalls } from "../../protocol/cluster/logic_calls.ts";
import { type WatcherApi, watcherCalls } from "../../protocol/cluster/watcher_calls.ts";
import type { Codec } from "../../protocol/message.ts";
import { RpcError } from "../../protocol/rpc.ts";
import {
  decodeFailure,
  decodeHello,
  encodeFailure,
  encodeHello,
  spokenVersions,
} from "../../rpc/frames.ts";
import { hex, utf8 } from "./protocol.ts";

/** A request and an answer for each call of an interface. */
type Samples<Api> = {
  readonly [Name in keyof Calls<Api>]: Calls<Api>[Name] extends Call<infer Request, infer Answer>
    ? readonly [Request, Answer]
    : never;
};

const connection = {
  server: "comet-1~k3x9",
  connectionId: 9_007_199_254_740_991,
  mid: -9_223_372_036_854_775_808n,
  key: "ключ",
};

const logicSamples: Samples<LogicApi> = {
  connect: [
    {
      server: "comet-1~k3x9",
      connectionId: 7,
      token: utf8('{"mid":1,"room_id":"live://1"}'),
      remoteAddress: "2001:db8::1",
      headers: { cookie: "session=1", "x-team": "красные" },
    },
    {
      mid: 9_223_372_036_854_775_807n,
      key: "key-1",
      room: "live://1",
      accepts: [1000, -1],
      asksJoins: true,
      extras: { features: ["rooms"], since: { epoch: "k3x9", offset: 41 }, last: 50 },
      rooms: ["live://1", "live://vip-*"],
      publish: [],
      expiresInMs: 3_600_000,
    },
  ],
  undoConnect: [
    {
      server: "comet-1~k3x9",
      connectionId: 7,
      token: utf8("{}"),
      remoteAddress: "192.0.2.7",
      headers: { cookie: "session=2" },
    },
    undefined,
  ],
  renewAuth: [
    {
      ...connection,
      token: utf8("a token"),
      remoteAddress: "192.0.2.7",
      headers: { cookie: "session=3" },
    },
    { rooms: [], publish: ["live://*"], expiresInMs: 0 },
  ],
  probe: [
    { server: "comet-1~k3x9", partition: 7, sentMs: 86_400_000, ageMs: 1_999, pushes: false },
    { stored: true, partitions: 8 },
  ],
  disconnect: [connection, undefined],
  authorizeJoin: [{ ...connection, room: "live://2" }, true],
  receive: [
    {
      server: "comet-1~k3x9",
      connectionId: 7,
      mid: 9_007_199_254_740_993n,
      key: "key-1",
      room: "live://1",
      operation: 4,
      sequence: 2_147_483_647,
      body: Uint8Array.of(0, 255, 128),
    },
    utf8("a reply"),
  ],
  publish: [
    {
      ...connection,
      room: "live://1",
      operation: 1000,
      body: utf8('{"t":"hé"}'),
      mediaMs: 61_500,
      publishId: "id-1",
    },
    {
      code: -429,
      message: "too many messages",
      retryMs: 1_500,
      epoch: "k3x9",
      offset: 2_147_483_647,
      reply: Uint8Array.of(0, 255),
    },
  ],
  readHistory: [
    { room: "live://1", after: 41, last: 5, fromMs: 0, toMs: 60_000, limit: 100, bytesMax: 65_536 },
    {
      epoch: "k3x9",
      head: 58,
      first: 12,
      messages: [
        {
          offset: 42,
          operation: 1000,
          timeMs: 1_700_000_000_123,
          mediaMs: 61_500,
          mid: 7n,
          body: utf8("hi"),
        },
        { offset: 43, operation: -1, timeMs: 0, mediaMs: 0, mid: 0n, body: utf8("") },
      ],
      more: true,
    },
  ],
  report: [
    {
      server: "comet-1~k3x9",
      sequence: 12,
      base: 11,
      connections: 5,
      addresses: 3,
      rooms: new Map([["live://1", 5], ["live://gone", 0]]),
      offline: true,
    },
    new Map([["live://1", 40]]),
  ],
  register: [
    {
      server: "comet-1~k3x9",
      name: "comet-1",
      region: "sh",
      zone: "sh001",
      env: "prod",
      hostname: "host-1",
      addresses: ["192.0.2.1", "2001:db8::1"],
      rpc: "192.0.2.1:3109",
      version: "0.1.0",
      weight: 10,
      offline: true,
    },
    { openAfterMs: 1_100, leaseMs: Infinity },
  ],
  unregister: ["comet-1~k3x9", undefined],
  renew: [[connection, { ...connection, mid: 1n, key: "" }], undefined],
};

const from = { partition: 3, token: 4_294_967_296 };
const roomOf = (
  epoch: string,
) => ({
  kind: "room",
  ...from,
  room: "live://1",
  epoch,
  head: epoch === "" ? 0 : 2147483647,
} as const);

const cometSamples: Samples<CometApi> = {
  deliver: [
    [
      { ...roomOf(""), positions: [1, 2], frames: utf8("two frames") },
      { ...roomOf("k3x9"), positions: [5], frames: utf8("a frame") },
      { kind: "keys", ...from, position: 3, operation: 1000, keys: ["a", "b"], frames: utf8("x") },
      { kind: "broadcast", ...from, position: 4, operation: 9, speed: 0.5, frames: utf8("y") },
    ],
    [3, 5],
  ],
};

const cometControlSamples: Samples<CometControl> = {
  close: [{ connectionId: 7, close: CloseCodes.replaced }, undefined],
  closeRoom: [{ room: "live://1", close: CloseCodes.closedByApplication }, 4_294_967_296],
};

const drainSamples: Samples<DrainApi> = {
  drain: [undefined, { connections: 5_000 }],
  leave: [undefined, undefined],
};

const roomInterestSamples: Samples<RoomInterestApi> = {
  watch: [undefined, ["live://1", "комната"]],
  renewWatch: [undefined, undefined],
};

const watcherSamples: Samples<WatcherApi> = {
  add: [["live://1", ""], undefined],
  remove: [["live://1"], undefined],
};

/** A message with a sample. */
export interface GoldenMessage extends Codec<unknown> {
  readonly name: string;
  readonly sample: unknown;
  /** Whether others may add members to it. */
  readonly canGrow: boolean;
}

const self = { role: "comet", id: "comet-1~k3x9" };
const everyVersion = { lowest: 0, highest: 1_000_000 };
const failure = new RpcError("unavailable", true, "the store is away", Uint8Array.of(1, 2));

/** Every message between roles. */
export const goldenMessages: readonly GoldenMessage[] = [
  {
    name: "hello",
    sample: { peer: self, version: 3 },
    canGrow: true,
    encode: () => encodeHello(self, "secret", { lowest: 3, highest: 3 }),
    decode: (body) => decodeHello(body, self, "secret", everyVersion),
  },
  {
    name: "answer to hello",
    sample: { peer: self, version: 3 },
    canGrow: true,
    encode: () => encodeHello(self, "", { lowest: 3, highest: 3 }),
    decode: (body) => decodeHello(body, self, "", everyVersion),
  },
  {
    name: "failure",
    sample: { code: "unavailable", temporary: true, message: failure.message, data: failure.data },
    canGrow: true,
    encode: () => encodeFailure(failure),
    decode(body) {
      const { code, temporary, message, data } = decodeFailure(body);
      if (message.startsWith("Cannot read failure")) throw new Error(message);
      return { code, temporary, message, data };
    },
  },
  golden("data of connect-refused", closeCodeMessage, CloseCodes.goingAway),
  ...ofTable(logicCalls, logicSamples),
  ...ofTable(cometCalls, cometSamples),
  ...ofTable(cometControlCalls, cometControlSamples),
  ...ofTable(drainCalls, drainSamples),
  ...ofTable(roomInterestCalls, roomInterestSamples),
  ...ofTable(watcherCalls, watcherSamples),
];

function golden<T>(name: string, codec: Codec<T>, sample: T): GoldenMessage {
  return {
    name,
    sample,
    canGrow: name !== "deliver request",
    encode: (value) => codec.encode(value as T),
    decode: (body) => codec.decode(body),
  };
}

function ofTable<Api>(calls: Calls<Api>, samples: Samples<Api>): GoldenMessage[] {
  return Object.entries<Call<unknown, unknown>>(calls).flatMap(([name, [, request, answer]]) => {
    const [asked, answered] = samples[name as keyof Api] as readonly [unknown, unknown];
    return [golden(`${name} request`, request, asked), golden(`${name} answer`, answer, answered)];
  });
}

/** Bytes of a message, and what they must be read as. */
export interface Recording {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly value: unknown;
}

const folder = new URL("../golden/", import.meta.url);

/** What is recorded, of every version. */
export async function recordings(): Promise<Recording[]> {
  const files = (await readdir(folder)).filter((name) => /^messages_v\d+\.json$/.test(name))
    .toSorted();
  const all = files.map((name) => readRecordings(new URL(name, folder)));
  return (await Promise.all(all)).flat();
}

async function readRecordings(file: URL): Promise<Recording[]> {
  return JSON.parse(await readFile(file, "utf8"), (_, value) => {
    if (typeof value?.bigint === "string") return BigInt(value.bigint);
    if (typeof value?.hex === "string") return hex(value.hex);
    if (typeof value?.number === "string") return Number(value.number);
    return Array.isArray(value?.map) ? new Map(value.map) : value;
  });
}

function asJson(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return { bigint: `${value}` };
  if (value instanceof Uint8Array) return { hex: value.toHex() };
  if (value instanceof Map) return { map: [...value] };
  return value === Infinity ? { number: "Infinity" } : value;
}

/** The members of a message that can grow, each as its bytes. */
export function membersOf(body: Uint8Array): Uint8Array[] {
  const members: Uint8Array[] = [];
  for (let start = 0; start < body.length;) {
    const end = start + 5 + new DataView(body.buffer, body.byteOffset + start + 1).getInt32(0);
    members.push(body.subarray(start, end));
    start = end;
  }
  return members;
}

/** A message without the members that may be missing. */
function least({ decode }: GoldenMessage, body: Uint8Array): Uint8Array {
  const needed = membersOf(body).filter((_, index, all) => {
    try {
      decode(Uint8Array.from(all.toSpliced(index, 1).flatMap((other) => [...other])));
      return false;
    } catch {
      return true;
    }
  });
  return Uint8Array.from(needed.flatMap((member) => [...member]));
}

async function record(): Promise<void> {
  const file = new URL(`messages_v${spokenVersions.highest}.json`, folder);
  const old = await readRecordings(file).catch(() => []);
  const all = [...old];
  const isKnown = ({ name, bytes }: Recording) =>
    all.some((other) => other.name === name && other.bytes.toHex() === bytes.toHex());
  const now = goldenMessages.flatMap((message) => {
    const { name, canGrow } = message;
    const whole = message.encode(message.sample);
    return [whole, ...canGrow ? [least(message, whole)] : []]
      .map((bytes) => ({ name, bytes, value: message.decode(bytes) }));
  });
  for (const recording of now) if (!isKnown(recording)) all.push(recording);
  await writeFile(file, `${JSON.stringify(all, asJson, 2)}\n`);
}

if (import.meta.main) await record().catch((error) => process.exit(console.error(error) ?? 1));
