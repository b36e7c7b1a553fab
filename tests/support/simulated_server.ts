import assert from "node:assert/strict";
import { Limits } from "../../protocol/limits.ts";
import { Operation } from "../../protocol/operations.ts";

/** What a simulated room keeps. */
export interface SimulatedLog {
  readonly key: string;
  /** Whether it is a log; without, messages are passed on and forgotten. */
  readonly hasHistory: boolean;
  /** Empty before the first message. */
  epoch: string;
  /** All messages of the epoch, also those that are trimmed: the one with offset 1 first. */
  messages: { readonly body: unknown; readonly id?: string }[];
  /** How many of the oldest are gone. */
  trimmed: number;
}

/** A frame as the server reads it. */
interface Request {
  readonly op: number;
  readonly seq: number;
  readonly body: Record<string, unknown> & { readonly room: string };
}

/** A message that was stored, in a log that may be lost since; offset 0 in rooms without. */
export interface StoredMessage {
  readonly room: string;
  readonly epoch: string;
  readonly offset: number;
  readonly body: unknown;
}

/** Messages that a client was told it does not get. */
export interface ToldLoss {
  readonly room: string;
  readonly epoch: string;
  readonly from: number;
  readonly to: number;
}

/** A client's connection: each direction is a line of messages that is moved on by hand. */
export class SimulatedConnection {
  /** On its way to the server, and to the client. */
  readonly up: string[] = [];
  readonly down: string[] = [];
  isOpen = false;
  /** Nothing gets through any more, and nobody is told. */
  isSwallowed = false;
  isAuthenticated = false;
  /** When what its client was let in with expires, on the server's clock. */
  expiresAtMs = Infinity;
  readonly rooms = new Set<string>();
  /** Requests of which the client has no answer. */
  unanswered = 0;
  readonly socket = {
    onopen: null as (() => void) | null,
    onmessage: null as ((event: { data: string }) => void) | null,
    onclose: null as ((event: { code: number; reason: string }) => void) | null,
    onerror: null as (() => void) | null,
    send: (text: string) => {
      this.up.push(text);
      this.unanswered++;
    },
    close: () => this.forget(),
  };

  constructor(private readonly server: SimulatedServer) {}

  /** The client hears the next thing that the server has said. */
  hear(): boolean {
    const data = this.isSwallowed ? undefined : this.down.shift();
    // Answers have odd operations.
    if (data !== undefined && /^\{"ver":1,"op":\d*[13579],/.test(data)) this.unanswered--;
    if (data !== undefined) this.socket.onmessage?.({ data });
    return data !== undefined;
  }

  /** The server hears the next thing that the client has said. */
  say(): boolean {
    const text = this.isSwallowed ? undefined : this.up.shift();
    if (text !== undefined) this.server.handle(this, text);
    return text !== undefined;
  }

  /** It ends for both; what is on its way is lost. */
  cut(code = 1006, reason = ""): void {
    this.forget();
    this.socket.onclose?.({ code, reason });
  }

  forget(): void {
    this.isOpen = false;
    this.rooms.clear();
    this.server.connections.delete(this);
  }
}

/** A server as docs/protocol.md has it, of one client, whose every step a test decides. */
export class SimulatedServer {
  readonly connections = new Set<SimulatedConnection>();
  readonly logs = new Map<string, SimulatedLog>();
  /** Everything that ever was stored. */
  readonly stored: StoredMessage[] = [];
  /** What was told as lost. */
  readonly losses: ToldLoss[] = [];
  /** Whether it takes connections. */
  isUp = true;
  /** The code of the next answers to joins, and whether a publish that fails is stored. */
  readonly joinCodes: number[] = [];
  readonly publishFaults: ("failed" | "stored" | "limited")[] = [];
  /** How long tokens last, in milliseconds. */
  tokenMs: number | undefined;
  /** Renewals that the server failed to judge, as many as the test asks for, and those it took. */
  renewalFaults = 0;
  renewals = 0;
  /** Connections whose token had expired. */
  expired = 0;
  #nowMs = 0;
  #epochs = 0;

  constructor(rooms: Readonly<Record<string, boolean>>) {
    for (const [key, hasHistory] of Object.entries(rooms)) {
      this.logs.set(key, { key, hasHistory, epoch: "", messages: [], trimmed: 0 });
    }
  }

  /** Where a client connects. */
  open(): WebSocket {
    const connection = new SimulatedConnection(this);
    this.connections.add(connection);
    return connection.socket as unknown as WebSocket;
  }

  /** Takes or refuses a connection that is being made. */
  accept(connection: SimulatedConnection): void {
    if (connection.isOpen || connection.isSwallowed) return;
    if (!this.isUp) return connection.cut();
    connection.isOpen = true;
    connection.socket.onopen?.();
  }

  /** Time has gone on: what has expired ends. */
  pass(nowMs: number): void {
    this.#nowMs = nowMs;
    for (const connection of [...this.connections]) {
      if (connection.isSwallowed || connection.expiresAtMs > nowMs) continue;
      this.expired++;
      connection.cut(4011, "token expired");
    }
  }

  /** Adds a message to a room, and gives it to its members. */
  publish(key: string, body: unknown, id?: string): { epoch: string; offset: number } {
    const log = this.logs.get(key)!;
    const before = log.messages.findIndex((message) => id !== undefined && message.id === id);
    if (before !== -1) return { epoch: log.epoch, offset: log.hasHistory ? before + 1 : 0 };
    log.messages.push({ body, id });
    if (!log.hasHistory) {
      this.stored.push({ room: key, epoch: "", offset: 0, body });
      this.#toMembers(key, frameText(1000, 0, body, key));
      return { epoch: "", offset: 0 };
    }
    if (log.epoch === "") this.#begin(log, true);
    this.#note(log, body);
    this.#toMembers(key, frameText(1000, log.messages.length, body, key));
    return { epoch: log.epoch, offset: log.messages.length };
  }

  /** Adds messages that members do not get, and tells them so. */
  skip(key: string, bodies: readonly unknown[]): void {
    const log = this.logs.get(key)!;
    if (log.epoch === "" || !log.hasHistory) return;
    const from = log.messages.length + 1;
    for (const body of bodies) {
      log.messages.push({ body });
      this.#note(log, body);
    }
    const to = log.messages.length;
    const { epoch } = log;
    this.losses.push({ room: key, epoch, from, to });
    this.#notice(key, { type: "gap", room: key, epoch, from, to, count: to - from + 1 });
  }

  /** All that a room has kept is lost; where it goes on at once, members are told. */
  lose(key: string, goesOn: boolean): void {
    const log = this.logs.get(key)!;
    if (!log.hasHistory || log.epoch === "") return;
    log.messages = [];
    log.trimmed = 0;
    log.epoch = "";
    // Who was there is told with the next message, or at once.
    if (goesOn) this.#begin(log, false);
    else for (const connection of [...this.connections]) connection.cut(1001);
  }

  /** Only so many of the latest are kept. */
  trim(key: string, kept: number): void {
    const log = this.logs.get(key)!;
    log.trimmed = Math.max(log.trimmed, log.messages.length - kept);
  }

  /** Tells every client something that is of no room. */
  tellAll(notice: object): void {
    const text = frameText(Operation.Notice, 0, notice);
    for (const { isAuthenticated, down } of this.connections) if (isAuthenticated) down.push(text);
  }

  /** A message has come from a client. */
  handle(connection: SimulatedConnection, text: string): void {
    const { op, seq, body } = JSON.parse(text) as Request;
    assert.ok(JSON.stringify(body).length <= Limits.upstreamBodyBytesMax);
    if (op === Operation.Auth) {
      assert.deepEqual(body.features, ["rooms", "notices"]);
      return this.#authenticate(connection, seq);
    }
    assert.ok(connection.isAuthenticated, "auth comes first");
    if (op === Operation.Heartbeat) {
      this.#answer(connection, op, seq, 1);
      const rooms = Object.fromEntries([...connection.rooms].map((key) => [key, 1]));
      connection.down.push(frameText(Operation.Notice, 0, { type: "online", rooms }));
    } else if (op === Operation.Join) this.#join(connection, seq, body);
    else if (op === Operation.Leave) {
      const code = connection.rooms.delete(body.room) ? 0 : -400;
      this.#answer(connection, op, seq, { code, room: body.room });
    } else if (op === Operation.Publish) this.#publish(connection, seq, body);
    else if (op === Operation.History) this.#history(connection, seq, body);
  }

  #authenticate(connection: SimulatedConnection, seq: number): void {
    const expires_ms = this.tokenMs;
    if (connection.isAuthenticated) {
      assert.ok(connection.expiresAtMs < Infinity, "only what expires is renewed");
      if (this.renewalFaults > 0) {
        this.renewalFaults--;
        return this.#answer(connection, Operation.Auth, seq, { code: -500, message: "no" });
      }
      this.renewals++;
    }
    connection.isAuthenticated = true;
    connection.expiresAtMs = this.#nowMs + (expires_ms ?? Infinity);
    const answer = { code: 0, key: "k", heartbeat_ms: 240_000, expires_ms };
    this.#answer(connection, Operation.Auth, seq, answer);
  }

  #join(connection: SimulatedConnection, seq: number, body: Request["body"]): void {
    const { room, since, last } = body as typeof body & JoinWish;
    const refused = this.joinCodes.shift();
    const code = connection.rooms.has(room) ? -400 : refused ?? 0;
    if (code !== 0) {
      const retry_ms = code === -429 ? 500 : undefined;
      return this.#answer(connection, Operation.Join, seq, { code, message: "no", retry_ms });
    }
    const log = this.logs.get(room)!;
    const start = startOf(log, since, last);
    const offset = log.hasHistory ? log.messages.length : 0;
    if (since && !start.recovered && log.epoch === since.epoch && start.offset > since.offset) {
      this.losses.push({ room, epoch: log.epoch, from: since.offset + 1, to: start.offset });
    }
    if (since?.epoch === "" && start.offset > 0) {
      this.losses.push({ room, epoch: log.epoch, from: 1, to: start.offset });
    }
    connection.rooms.add(room);
    const missed = offset - start.offset;
    const { epoch } = log;
    const { recovered } = start;
    const answer = { code: 0, room, epoch, offset, recovered, missed, online: 1 };
    this.#answer(connection, Operation.Join, seq, answer);
    for (let at = start.offset + 1; at <= offset; at++) {
      connection.down.push(frameText(1000, at, log.messages[at - 1].body, room));
    }
  }

  #publish(connection: SimulatedConnection, seq: number, body: Request["body"]): void {
    const { room, id } = body;
    assert.ok(connection.rooms.has(room), "a client publishes into rooms that it is in");
    const isKnown = this.logs.get(room)!.messages.some((message) => message.id === id);
    const fault = isKnown ? undefined : this.publishFaults.shift();
    const answer = (members: object) =>
      this.#answer(connection, Operation.Publish, seq, { room, ...members });
    if (fault === "limited") return answer({ code: -429, message: "slow down", retry_ms: 700 });
    if (fault === "failed") return answer({ code: -500, message: "try again" });
    const position = this.publish(room, body.body, id as string);
    answer(fault === "stored" ? { code: -500, message: "try again" } : { code: 0, ...position });
  }

  #history(connection: SimulatedConnection, seq: number, { room, after }: Request["body"]): void {
    const log = this.logs.get(room)!;
    if (!log.hasHistory) {
      return this.#answer(connection, Operation.History, seq, { code: -404, message: "none" });
    }
    const from = Math.max(log.trimmed, after as number);
    const messages = log.messages.slice(from)
      .map(({ body }, index) => ({ offset: from + index + 1, op: 1000, time_ms: 1, body }));
    const [first, last] = [log.trimmed + 1, log.messages.length];
    const answer = { code: 0, room, epoch: log.epoch, first, last, messages, more: false };
    this.#answer(connection, Operation.History, seq, answer);
  }

  #note({ key, epoch, messages }: SimulatedLog, body: unknown): void {
    this.stored.push({ room: key, epoch, offset: messages.length, body });
  }

  #begin(log: SimulatedLog, recovered: boolean): void {
    log.epoch = `e${++this.#epochs}`;
    const { key: room, epoch } = log;
    this.#notice(room, { type: "epoch", room, epoch, offset: 0, recovered });
  }

  #notice(key: string, notice: object): void {
    this.#toMembers(key, frameText(Operation.Notice, 0, notice));
  }

  #toMembers(key: string, text: string): void {
    for (const { rooms, down } of this.connections) if (rooms.has(key)) down.push(text);
  }

  #answer(connection: SimulatedConnection, op: number, seq: number, body: unknown): void {
    connection.down.push(frameText(op + 1, seq, body));
  }
}

interface JoinWish {
  readonly since?: { readonly epoch: string; readonly offset: number };
  readonly last?: number;
}

/** Behind which message a member begins: the table of docs/protocol.md. */
function startOf(
  { hasHistory, epoch, messages: { length }, trimmed }: SimulatedLog,
  since: JoinWish["since"],
  last: number | undefined,
): { readonly offset: number; readonly recovered: boolean } {
  if (!hasHistory) return { offset: 0, recovered: since === undefined };
  if (last !== undefined) return { offset: Math.max(trimmed, length - last), recovered: true };
  if (since === undefined) return { offset: length, recovered: true };
  if (since.epoch === "") return { offset: trimmed, recovered: trimmed === 0 };
  if (since.epoch !== epoch || since.offset > length) return { offset: length, recovered: false };
  const offset = Math.max(since.offset, trimmed);
  return { offset, recovered: offset === since.offset };
}

function frameText(op: number, seq: number, body: unknown, room?: string): string {
  return JSON.stringify({ ver: 1, op, seq, room, body });
}
