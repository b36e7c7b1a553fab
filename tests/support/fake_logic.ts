import type { HistoryPage, HistoryQuery } from "../../protocol/history.ts";
import {
  type CometNode,
  NODE_LEASE_MS,
  type Registered,
} from "../../protocol/cluster/comet_node.ts";
import type { CometReport, LogicApi } from "../../protocol/cluster/logic_calls.ts";
import type {
  ConnectionRef,
  ConnectReply,
  ConnectRequest,
  JoinRequest,
  Permissions,
  ReceivedFrame,
  RenewAuthRequest,
} from "../../protocol/cluster/connection.ts";
import type { ProbeReply, ProbeRequest } from "../../protocol/cluster/probe.ts";
import type { PublishReply, PublishRequest } from "../../protocol/cluster/publish.ts";
import { EMPTY } from "../../protocol/frame.ts";

/** A call that the test answers. */
export interface HeldCall<Request, Reply> {
  readonly request: Request;
  resolve(reply: Reply): void;
  reject(error: unknown): void;
}

/** The reply that lets a client in as somebody. */
export function connectReply(fields: Partial<ConnectReply> = {}): ConnectReply {
  return { mid: 1n, key: "key", room: "live://1", accepts: [1000], asksJoins: false, ...fields };
}

/** The reply that a message was taken. */
export function publishReply(fields: Partial<PublishReply> = {}): PublishReply {
  return { code: 0, message: "", retryMs: 0, epoch: "e", offset: 1, reply: EMPTY, ...fields };
}

/** A logic that writes down what it is asked, and answers at once or when the test says so. */
export class FakeLogic implements LogicApi {
  /** Calls that are not answered by themselves. */
  readonly holds = new Set<
    "connect" | "renewAuth" | "authorizeJoin" | "receive" | "publish" | "report" | "readHistory"
  >();
  /** Calls to `connect` that wait, with copies of what is borrowed. */
  readonly connects: HeldCall<ConnectRequest, ConnectReply>[] = [];
  /** Calls to `renewAuth` that wait, with copies of what is borrowed. */
  readonly renewals: HeldCall<RenewAuthRequest, Permissions>[] = [];
  /** Calls to `authorizeJoin` that wait. */
  readonly joins: HeldCall<JoinRequest, boolean>[] = [];
  /** Calls to `receive` that wait. */
  readonly receives: HeldCall<ReceivedFrame, Uint8Array | void>[] = [];
  /** Calls to `publish` that wait. */
  readonly publishes: HeldCall<PublishRequest, PublishReply>[] = [];
  /** Calls to `report` that wait. */
  readonly reports: HeldCall<CometReport, ReadonlyMap<string, number> | undefined>[] = [];
  /** Calls to `readHistory` that wait. */
  readonly reads: HeldCall<HistoryQuery, HistoryPage>[] = [];
  /** All queries of histories. */
  readonly queries: HistoryQuery[] = [];
  /** What `readHistory` answers unless it is held: no room has kept anything. */
  page: HistoryPage = { epoch: "", head: 0, first: 1, messages: [], more: false };
  readonly received: ReceivedFrame[] = [];
  readonly published: PublishRequest[] = [];
  readonly undone: ConnectRequest[] = [];
  readonly disconnected: ConnectionRef[] = [];
  readonly registered: CometNode[] = [];
  readonly unregistered: string[] = [];
  readonly probes: ProbeRequest[] = [];
  /** What `probe` answers. */
  onProbe = (_: ProbeRequest): Promise<ProbeReply> =>
    Promise.resolve({ stored: true, partitions: 1 });
  readonly renewed: ConnectionRef[] = [];

  /** Unless held, the client is whom the JSON of its token says. */
  connect(request: ConnectRequest): Promise<ConnectReply> {
    const token = request.token.slice();
    if (this.holds.has("connect")) return hold(this.connects, { ...request, token });
    const { mid = 1, ...fields } = JSON.parse(new TextDecoder().decode(token));
    return Promise.resolve(connectReply({ mid: BigInt(mid), ...fields }));
  }

  undoConnect(request: ConnectRequest): Promise<void> {
    this.undone.push({ ...request, token: request.token.slice() });
    return Promise.resolve();
  }

  /** Unless held, the JSON of its token says what the client may. */
  renewAuth(request: RenewAuthRequest): Promise<Permissions> {
    const token = request.token.slice();
    if (this.holds.has("renewAuth")) return hold(this.renewals, { ...request, token });
    return Promise.resolve(JSON.parse(new TextDecoder().decode(token)));
  }

  /** Unless held, everybody may join every room. */
  authorizeJoin(request: JoinRequest): Promise<boolean> {
    return this.holds.has("authorizeJoin") ? hold(this.joins, request) : Promise.resolve(true);
  }

  /** Unless held, every room has the same page. */
  readHistory(query: HistoryQuery): Promise<HistoryPage> {
    this.queries.push(query);
    return this.holds.has("readHistory") ? hold(this.reads, query) : Promise.resolve(this.page);
  }

  disconnect(connection: ConnectionRef): Promise<void> {
    this.disconnected.push(connection);
    return Promise.resolve();
  }

  receive(frame: ReceivedFrame): Promise<Uint8Array> {
    const copy = { ...frame, body: frame.body.slice() };
    this.received.push(copy);
    if (!this.holds.has("receive")) return Promise.resolve(EMPTY);
    return hold(this.receives, copy).then((reply) => reply ?? EMPTY);
  }

  probe(request: ProbeRequest): Promise<ProbeReply> {
    this.probes.push(request);
    return this.onProbe(request);
  }

  register(node: CometNode): Promise<Registered> {
    this.registered.push(node);
    return Promise.resolve({ openAfterMs: 0, leaseMs: NODE_LEASE_MS });
  }

  unregister(server: string): Promise<void> {
    this.unregistered.push(server);
    return Promise.resolve();
  }

  /** Unless held, it is the first message of its room. */
  publish(request: PublishRequest): Promise<PublishReply> {
    const copy = { ...request, body: request.body.slice() };
    this.published.push(copy);
    if (this.holds.has("publish")) return hold(this.publishes, copy);
    return Promise.resolve(publishReply());
  }

  renew(sessions: readonly ConnectionRef[]): Promise<void> {
    this.renewed.push(...sessions);
    return Promise.resolve();
  }

  /** Unless held, there are no other comets. */
  report(report: CometReport): Promise<ReadonlyMap<string, number> | undefined> {
    return this.holds.has("report") ? hold(this.reports, report) : Promise.resolve(new Map());
  }
}

function hold<Request, Reply>(
  calls: HeldCall<Request, Reply>[],
  request: Request,
): Promise<Reply> {
  return new Promise((resolve, reject) => calls.push({ request, resolve, reject }));
}
