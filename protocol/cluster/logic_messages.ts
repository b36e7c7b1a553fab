import { EMPTY } from "../frame.ts";
import { BinaryReader, BinaryWriter } from "../binary.ts";
import type { Caller } from "./caller.ts";
import type {
  CometNode,
  CometReport,
  ConnectionRef,
  ConnectReply,
  ConnectRequest,
  LogicApi,
  ReceivedFrame,
  Registered,
} from "./contract.ts";
import { RpcMethod } from "./methods.ts";
import { readNode, writeNode } from "./node.ts";
import {
  readConnection,
  readCounts,
  readInteger,
  writeConnection,
  writeCounts,
  writeInteger,
} from "./values.ts";

/** Logic on the other end of a link. */
export class LogicClient implements LogicApi {
  /** @param caller The way there. */
  constructor(private readonly caller: Caller) {}

  async connect(request: ConnectRequest): Promise<ConnectReply> {
    const body = new BinaryWriter(128 + request.token.length)
      .string(request.server)
      .integer(request.connectionId)
      .bytes(request.token)
      .string(request.remoteAddress)
      .finish();
    const reader = new BinaryReader(await this.caller.call(RpcMethod.connect, body));
    const reply = {
      mid: reader.int64(),
      key: reader.string(),
      room: reader.string(),
      accepts: reader.list(readInteger),
    };
    reader.end();
    return reply;
  }

  async disconnect(connection: ConnectionRef): Promise<void> {
    const writer = new BinaryWriter(128);
    writeConnection(writer, connection);
    await this.caller.call(RpcMethod.disconnect, writer.finish());
  }

  async receive(frame: ReceivedFrame): Promise<void> {
    const body = new BinaryWriter(256 + frame.body.length)
      .string(frame.server)
      .int64(frame.mid)
      .string(frame.key)
      .string(frame.room)
      .int32(frame.operation)
      .int32(frame.sequence)
      .bytes(frame.body)
      .finish();
    await this.caller.call(RpcMethod.receive, body);
  }

  async report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined> {
    const writer = new BinaryWriter(64 + 32 * report.rooms.size)
      .string(report.server)
      .integer(report.sequence)
      .integer(report.base)
      .int32(report.connections)
      .int32(report.addresses);
    writeCounts(writer, report.rooms);
    const reader = new BinaryReader(await this.caller.call(RpcMethod.report, writer.finish()));
    const elsewhere = reader.boolean() ? readCounts(reader) : undefined;
    reader.end();
    return elsewhere;
  }

  async register(node: CometNode): Promise<Registered> {
    const writer = new BinaryWriter(512);
    writeNode(writer, node);
    const reader = new BinaryReader(await this.caller.call(RpcMethod.register, writer.finish()));
    const registered = { openAfterMs: reader.integer(), leaseMs: reader.float64() };
    reader.end();
    return registered;
  }

  async unregister(server: string): Promise<void> {
    await this.caller.call(RpcMethod.unregister, new BinaryWriter().string(server).finish());
  }

  async renew(sessions: readonly ConnectionRef[]): Promise<void> {
    const writer = new BinaryWriter(16 + 96 * sessions.length).list(sessions, writeConnection);
    await this.caller.call(RpcMethod.renew, writer.finish());
  }
}

/**
 * Answers a call that is for logic.
 *
 * @param body Borrowed until the call returns.
 * @returns Nothing when the method is not one of logic's; a body that cannot be read rejects.
 */
export function answerLogic(
  api: LogicApi,
  method: number,
  body: Uint8Array,
): Promise<Uint8Array> | undefined {
  const reader = new BinaryReader(body);
  switch (method) {
    case RpcMethod.connect:
      return connect(api, reader);
    case RpcMethod.disconnect:
      return disconnect(api, reader);
    case RpcMethod.receive:
      return receive(api, reader);
    case RpcMethod.report:
      return report(api, reader);
    case RpcMethod.register:
      return register(api, reader);
    case RpcMethod.unregister:
      return unregister(api, reader);
    case RpcMethod.renew:
      return renew(api, reader);
  }
  return undefined;
}

async function connect(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const request = {
    server: reader.string(),
    connectionId: reader.integer(),
    token: reader.bytes(),
    remoteAddress: reader.string(),
  };
  reader.end();
  const { mid, key, room, accepts } = await api.connect(request);
  const writer = new BinaryWriter(128).int64(mid).string(key).string(room);
  return writer.list(accepts, writeInteger).finish();
}

async function disconnect(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const connection = readConnection(reader);
  reader.end();
  await api.disconnect(connection);
  return EMPTY;
}

async function receive(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const frame = {
    server: reader.string(),
    mid: reader.int64(),
    key: reader.string(),
    room: reader.string(),
    operation: reader.int32(),
    sequence: reader.int32(),
    body: reader.bytes(),
  };
  reader.end();
  await api.receive(frame);
  return EMPTY;
}

async function report(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const report = {
    server: reader.string(),
    sequence: reader.integer(),
    base: reader.integer(),
    connections: reader.int32(),
    addresses: reader.int32(),
    rooms: readCounts(reader),
  };
  reader.end();
  const elsewhere = await api.report(report);
  const writer = new BinaryWriter(16 + 32 * (elsewhere?.size ?? 0));
  writer.boolean(elsewhere !== undefined);
  if (elsewhere !== undefined) writeCounts(writer, elsewhere);
  return writer.finish();
}

async function register(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const node = readNode(reader);
  reader.end();
  const { openAfterMs, leaseMs } = await api.register(node);
  return new BinaryWriter(16).integer(openAfterMs).float64(leaseMs).finish();
}

async function unregister(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const server = reader.string();
  reader.end();
  await api.unregister(server);
  return EMPTY;
}

async function renew(api: LogicApi, reader: BinaryReader): Promise<Uint8Array> {
  const sessions = reader.list(readConnection);
  reader.end();
  await api.renew(sessions);
  return EMPTY;
}
