import { alone, boolean, bytes, counts, int32, integer, list, Message, text } from "../message.ts";
import { EMPTY } from "../frame.ts";
import {
  type HistoryPage,
  historyPageMessage,
  type HistoryQuery,
  historyQueryMessage,
} from "../history.ts";
import { type Answerer, answerOf, type Calls, nothing, RpcMethod } from "./calls.ts";
import {
  type CometNode,
  cometNodeMessage,
  type Registered,
  registeredMessage,
} from "./comet_node.ts";
import {
  type ConnectionRef,
  connectionRefMessage,
  type ConnectReply,
  connectReplyMessage,
  type ConnectRequest,
  connectRequestMessage,
  type JoinRequest,
  joinRequestMessage,
  type Permissions,
  permissionsMessage,
  type ReceivedFrame,
  receivedFrameMessage,
  type RenewAuthRequest,
  renewAuthRequestMessage,
} from "./connection.ts";

import {
  type ProbeReply,
  probeReplyMessage,
  type ProbeRequest,
  probeRequestMessage,
} from "./probe.ts";
import {
  type PublishReply,
  publishReplyMessage,
  type PublishRequest,
  publishRequestMessage,
} from "./publish.ts";

/** What a comet says of itself, again and again. */
export interface CometReport {
  readonly server: string;
  /** Which report of this run it is, from 1. */
  readonly sequence: number;
  /** The report, taken before, on top of which it says what changed; 0 when it says everything. */
  readonly base: number;
  readonly connections: number;
  /** Distinct client addresses. */
  readonly addresses: number;
  /**
   * Members per room key on this comet: of all its rooms, or of those that changed since the base,
   * with 0 where nobody is left.
   */
  readonly rooms: ReadonlyMap<string, number>;
  /** Whether clients are to be sent elsewhere, since it goes. */
  readonly offline: boolean;
}

/** What a comet asks of logic. */
export interface LogicApi {
  /**
   * Lets a client in and remembers its session.
   *
   * @throws {ConnectRefused} When the token or a limit forbids it.
   */
  connect(request: ConnectRequest): Promise<ConnectReply>;
  /** Forgets what `connect` may have stored, where nobody knows whether it was carried out. */
  undoConnect(request: ConnectRequest): Promise<void>;
  /** Forgets the session of exactly this connection; one that replaced it stays. */
  disconnect(connection: ConnectionRef): Promise<void>;
  /**
   * Takes a fresh token of a connection, which must be of the same client.
   *
   * @returns What it may do from now on.
   * @throws {ConnectRefused} When the token forbids it, or is another client's.
   */
  renewAuth(request: RenewAuthRequest): Promise<Permissions>;
  /** Says whether a client may join a room. */
  authorizeJoin(request: JoinRequest): Promise<boolean>;
  /**
   * Hands a client's frame to the application.
   *
   * @returns The body of the reply.
   */
  receive(frame: ReceivedFrame): Promise<Uint8Array>;
  /** Takes a client's message to a room that it is in. */
  publish(request: PublishRequest): Promise<PublishReply>;
  /** Reads what a room has kept; a page without messages where its type keeps no history. */
  readHistory(query: HistoryQuery): Promise<HistoryPage>;
  /**
   * Takes a report.
   *
   * @returns Members on other comets, per room of this one: of all rooms that have some after a
   * report of everything, or else of those where they changed since the answer to the base. Nothing
   * was taken, and nothing is answered, when the base is not known: then everything is to be said.
   * @throws {NodeUnknown} When the comet is to register again.
   * @throws {NodeReplaced} When another run of it has taken its place.
   */
  report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined>;
  /** Makes a comet known, in place of an earlier run of it, whose sessions are lost. */
  register(node: CometNode): Promise<Registered>;
  /** Takes a comet that stops out; unknown ones are ignored. */
  unregister(server: string): Promise<void>;
  /** Pushes to a comet's own room, and takes note of whether pushes get there; see `probe.ts`. */
  probe(request: ProbeRequest): Promise<ProbeReply>;
  /** Keeps the sessions of connections that are still there; those that got lost come back. */
  renew(sessions: readonly ConnectionRef[]): Promise<void>;
}

const reportMessage = new Message<CometReport>({
  server: [1, text],
  sequence: [2, integer],
  base: [3, integer, 0],
  connections: [4, int32, 0],
  addresses: [5, int32, 0],
  rooms: [6, counts, new Map()],
  offline: [7, boolean, false],
});

export const logicCalls: Calls<LogicApi> = {
  connect: [RpcMethod.connect, connectRequestMessage, connectReplyMessage],
  undoConnect: [RpcMethod.undoConnect, connectRequestMessage, nothing],
  disconnect: [RpcMethod.disconnect, connectionRefMessage, nothing],
  renewAuth: [RpcMethod.renewAuth, renewAuthRequestMessage, permissionsMessage],
  authorizeJoin: [RpcMethod.authorizeJoin, joinRequestMessage, alone(boolean)],
  receive: [RpcMethod.receive, receivedFrameMessage, alone(bytes, EMPTY)],
  publish: [RpcMethod.publish, publishRequestMessage, publishReplyMessage],
  readHistory: [RpcMethod.readHistory, historyQueryMessage, historyPageMessage],
  report: [
    RpcMethod.report,
    reportMessage,
    alone<ReadonlyMap<string, number> | undefined>(counts, undefined),
  ],
  register: [RpcMethod.register, cometNodeMessage, registeredMessage],
  unregister: [RpcMethod.unregister, alone(text), nothing],
  probe: [RpcMethod.probe, probeRequestMessage, probeReplyMessage],
  renew: [RpcMethod.renew, alone(list(connectionRefMessage)), nothing],
};

/** Answers a call that is for logic; see {@linkcode answerOf}. */
export const answerLogic: Answerer<LogicApi> = answerOf(logicCalls);
