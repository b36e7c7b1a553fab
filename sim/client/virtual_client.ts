import { encodeAuth, encodeChangeRoom, encodeHeartbeat } from "../../client/codec.ts";
import { ClientStream, type StreamEvents } from "../../client/stream.ts";
import { hostPort } from "../../platform/faults.ts";
import type { Conn } from "../../platform/port.ts";
import { parseRoomKey } from "../../protocol/room_key.ts";
import { parseClientAddress } from "../client_address.ts";
import type { JoinAsk } from "../checkers/cursor.ts";
import type { ConnectPlan, Deadline, SilentReport } from "../types.ts";
import { type LogRooms, logRoomsOf } from "./log_rooms.ts";
import type { ClientMessages } from "./client_messages.ts";

/** The operation of the pushes that are judged. */
export const PUSH = 1000;

/** What one that keeps its places in logs understands beside goim's protocol. */
const FEATURES = ["rooms", "notices"];

const nothing = () => {};

/** The key of one of the run's rooms. */
export function roomKeyOf(room: number, keys?: readonly string[]): string {
  return keys?.[room] ?? `sim://${room}`;
}

/** The index of a room; -1 of one that is not of this run. */
function roomIndexOf(key: string, keys: readonly string[] | undefined): number {
  if (keys !== undefined) return keys.indexOf(key);
  const { type, id } = parseRoomKey(key) ?? {};
  return type === "sim" ? Number(id) : -1;
}

/** How far a client has come. */
export const ClientState = {
  /** Not connected, and not to be for now. */
  disconnected: 0,
  connecting: 1,
  /** Authenticated. */
  open: 2,
} as const;
export type ClientState = typeof ClientState[keyof typeof ClientState];

/** One virtual client. There are very many: every field counts. */
export class VirtualClient {
  state: ClientState = ClientState.disconnected;
  conn: Conn<VirtualClient> | undefined = undefined;
  /** What speaks over `conn`. */
  stream: ClientStream<VirtualClient> | undefined = undefined;
  /** Among all clients of the run. */
  readonly index: number;
  hostname = "";
  port = 0;
  isWebSocket = false;
  /** Index of the room that it is in, or on its way to. */
  room: number;
  /** When its next heartbeat is due, and when one went out that is not answered; monotonic; 0 = none. */
  nextHeartbeatMs = 0;
  unansweredMs = 0;
  /** When its last heartbeat went out, or it began to connect; and when that was answered. */
  lastHeartbeatMs = 0;
  lastAnswerMs = 0;
  /** Heartbeats so far: the sequence of the last. */
  heartbeats = 0;
  /** When it asked for another room and has no answer yet; monotonic; 0 = it did not. */
  moveMs = 0;
  /** Changes of rooms so far: the sequence of the last. */
  moves = 0;
  silent = false;
  /** When the server closed it after it had fallen silent. */
  closedMs = 0;
  /** Whether it disconnects by itself. */
  leaving = false;
  paused = false;
  /** Whether it has not read for a while: that it gets something late, or never, is its own doing. */
  wasPaused = false;
  /** Whether it has been authenticated before. */
  wasAuthenticated = false;
  /** After how long the server, which has turned it away, wants it back, in milliseconds. */
  retryMs = 0;
  /** The code with which the server closes its connection; 0 where it has not said one. */
  closeCode = 0;
  /** What is to take its place elsewhere, and whose place it is to take, until it is in. */
  successor: VirtualClient | undefined = undefined;
  predecessor: VirtualClient | undefined = undefined;
  /** Whether its successor has asked for what comes next: what it still gets does not count. */
  isRetired = false;
  /** Whether the connector is at work for it. */
  isConnecting = false;
  /** Called when it is authenticated, or its connection is over. */
  settled: () => void = nothing;
  /** The rooms of one that keeps its places in their logs; undefined for goim's. */
  readonly logs: LogRooms | undefined;
  /** What it has written into its room; undefined where it has not. */
  messages: ClientMessages | undefined = undefined;

  /** Index of the target that it connects to. */
  #target = 0;

  /** @param at Among the clients of the plan. */
  constructor(private readonly plan: ConnectPlan, private readonly at: number) {
    this.index = plan.first + at;
    this.aimAt(this.index);
    this.room = this.index % plan.rooms;
    this.logs = logRoomsOf(plan, this.index);
  }

  /** The key of one of the rooms, and the index of a key; -1 where it is of none. */
  keyOf(room: number): string {
    return roomKeyOf(room, this.plan.roomKeys);
  }

  indexOf(key: string): number {
    return roomIndexOf(key, this.plan.roomKeys);
  }

  /** Connects to this one of the targets, counted on from the first, from now on. */
  aimAt(index: number): void {
    const { targets } = this.plan;
    this.#target = index % targets.length;
    const { transport, host, port } = parseClientAddress(targets[this.#target])!;
    [this.hostname, this.port, this.isWebSocket] = [host, port, transport === "ws"];
  }

  /** Whether it goes where the server sends it, and comes back by itself. */
  get follows(): boolean {
    return this.plan.follows === true;
  }

  /** Connects to the next target of its transport from now on, to the next of all without one. */
  aimElsewhere(): void {
    const { targets } = this.plan;
    const isSame = (target: string) =>
      parseClientAddress(target)!.transport === (this.isWebSocket ? "ws" : "tcp");
    let next = this.#target + 1;
    while (!isSame(targets[next % targets.length])) next++;
    this.aimAt(next === this.#target + targets.length ? this.#target + 1 : next);
  }

  /** What takes its place elsewhere, not connected yet; in the rooms of the plan. */
  succeed(): VirtualClient {
    const successor = this.successor = new VirtualClient(this.plan, this.at);
    successor.predecessor = this;
    successor.aimAt(this.#target);
    successor.aimElsewhere();
    return successor;
  }

  /** Says hello on its new connection. */
  begin(events: StreamEvents<VirtualClient>): void {
    this.closeCode = 0;
    this.stream = new ClientStream(this, this.isWebSocket, events);
    this.stream.begin(hostPort(this));
  }

  /** @param ask What of its room one that keeps its places asks for. */
  authenticate(ask?: JoinAsk): void {
    this.stream!.send(encodeAuth({
      mid: this.index + 1,
      key: `sim-${this.index}`,
      room: this.keyOf(this.room),
      platform: "sim",
      accepts: [PUSH, 1001],
      ...(ask === undefined ? {} : { features: FEATURES, ...ask }),
    }));
  }

  heartbeat(nowMs: number): void {
    this.lastHeartbeatMs = this.unansweredMs = nowMs;
    this.stream!.send(encodeHeartbeat(++this.heartbeats));
  }

  changeRoom(room: number, nowMs: number): void {
    this.room = room;
    this.moveMs = nowMs;
    this.logs?.moving.push(room);
    this.stream!.send(encodeChangeRoom(this.keyOf(room), ++this.moves));
  }

  /** Whether it waits for an answer to what it asked for at some time or before. */
  waitsSince(atMs: number): boolean {
    const waits = (askedMs: number) => askedMs > 0 && askedMs <= atMs;
    return this.state === ClientState.open && !this.wasPaused &&
      (waits(this.unansweredMs) || waits(this.moveMs) || this.logs?.waitsSince(atMs) === true ||
        this.messages?.waitsSince(atMs) === true);
  }
}

/** Sorts clients that have fallen silent by when they were closed. */
export function silentReportOf(
  clients: readonly VirtualClient[],
  { earliestMs, latestMs }: Deadline,
): SilentReport {
  const report = { silent: 0, closed: 0, early: 0, late: 0, lastMs: 0 };
  for (const { silent, lastHeartbeatMs, lastAnswerMs, closedMs } of clients) {
    if (!silent) continue;
    report.silent++;
    if (closedMs > 0) report.lastMs = Math.max(report.lastMs, closedMs - lastAnswerMs);
    if (closedMs === 0 || closedMs > lastAnswerMs + latestMs) report.late++;
    else if (closedMs < lastHeartbeatMs + earliestMs) report.early++;
    else report.closed++;
  }
  return report;
}
