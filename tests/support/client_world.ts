import assert from "node:assert/strict";
import { ManualClock, promisesSettled } from "../../base/clock.ts";
import { type Prng, randomFloat, seededPrng } from "../../base/prng.ts";
import { ReconnectingClient } from "../../client/client.ts";
import type { Environment } from "../../client/environment.ts";
import { RequestError } from "../../client/mod.ts";
import type { ClientOptions, Room, RoomPosition } from "../../client/types.ts";
import type { SimulatedServer, StoredMessage } from "./simulated_server.ts";

/** An environment whose time and chance a test owns. */
export class SimulatedEnvironment implements Environment {
  readonly clock = new ManualClock();
  /** Tells the client of the network. */
  changeNetwork: (isOnline: boolean) => void = () => {};
  isClosed = false;
  readonly #prng: Prng;

  constructor(private readonly openSocket: (url: string) => WebSocket, seed: number) {
    this.#prng = seededPrng(seed);
  }

  open(url: string): WebSocket {
    return this.openSocket(url);
  }

  fetch: typeof fetch = () => Promise.reject(new Error("no HTTP here"));

  after = (delayMs: number, callback: () => void): () => void => {
    const timer = this.clock.setTimeout(callback, delayMs);
    return () => this.clock.cancel(timer);
  };

  random = (): number => randomFloat(this.#prng);

  onNetwork(changed: (isOnline: boolean) => void): void {
    this.changeNetwork = changed;
  }

  close(): void {
    this.isClosed = true;
  }
}

/** Eight of the application, and joins, leaves and heartbeats. */
const UNANSWERED_MAX = 24;

/** What every message is in a simulated world: a number that no other has. */
interface Numbered {
  readonly n: number;
}

/** Checks what a room tells its application, as it tells it. */
class RoomChecker {
  /** Up to where the application knows everything. */
  #cursor: RoomPosition | undefined;
  /** In a room without a log: the latest message's place in what was stored. */
  #latest = -1;
  #failure: unknown;
  /** Whether it was told of a gap since the latest message, or has not begun. */
  #hasGap = true;

  constructor(private readonly server: SimulatedServer, readonly room: Room) {
    const { hasHistory } = server.logs.get(room.key)!;
    room.on("state", ({ state, code }) => {
      if (state === "joined") this.#cursor ??= room.position;
      if (state === "refused") this.#check(() => assert.equal(code, -403));
    });
    room.on("message", ({ offset, body }) => {
      this.#check(() => hasHistory ? this.#logged(offset, body) : this.#unlogged(body));
      this.#hasGap = false;
    });
    room.on("gap", ({ from, to, reason }) => {
      this.#hasGap = true;
      this.#check(() => {
        if (!hasHistory) return assert.equal(reason, "unknown");
        if (from !== undefined && to !== undefined) return this.#lost(from, to);
        assert.equal(reason, "epoch");
        const { epoch } = this.#cursor!;
        // A room that had no message may have had another log meanwhile.
        assert.ok(epoch === "" || epoch !== room.position!.epoch);
        this.#cursor = room.position;
      });
    });
  }

  /** All was said, and nothing is missing. */
  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const { key, position } = this.room;
    assert.equal(this.room.state, "joined");
    const { hasHistory, epoch, messages } = this.server.logs.get(key)!;
    if (!hasHistory) {
      if (!this.#hasGap) assert.equal(this.#latest, this.#stored().length - 1);
      return;
    }
    assert.deepEqual(position, { epoch, offset: messages.length });
    this.#follow();
    assert.deepEqual(this.#cursor, position);
  }

  #logged(offset: number, body: unknown): void {
    this.#follow();
    const { epoch, offset: before } = this.#cursor!;
    assert.equal(offset, before + 1, "the message behind the one before");
    const stored = this.server.stored.find((message) =>
      message.room === this.room.key && message.epoch === epoch && message.offset === offset
    );
    assert.deepEqual(body, stored?.body);
    this.#cursor = { epoch, offset };
  }

  #unlogged(body: unknown): void {
    const at = this.#stored().findIndex((stored) =>
      (stored.body as Numbered).n === (body as Numbered).n
    );
    assert.ok(at > this.#latest, "no message twice");
    if (!this.#hasGap) assert.equal(at, this.#latest + 1, "a gap is told");
    this.#latest = at;
  }

  #stored(): StoredMessage[] {
    return this.server.stored.filter(({ room }) => room === this.room.key);
  }

  /** Listeners' errors go no further than the SDK: the first one is kept. */
  #check(what: () => void): void {
    try {
      what();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  #lost(from: number, to: number): void {
    this.#follow();
    const { epoch, offset } = this.#cursor!;
    assert.equal(from, offset + 1, "a gap begins behind what was told");
    for (let at = from; at <= to; at++) {
      const isTold = this.server.losses.some((loss) =>
        loss.room === this.room.key && loss.epoch === epoch && loss.from <= at && at <= loss.to
      );
      assert.ok(isTold, `the server has not said that ${at} is lost`);
    }
    this.#cursor = { epoch, offset: to };
  }

  /** The first log of a room that had none begins at its beginning. */
  #follow(): void {
    const { epoch } = this.room.position!;
    if (this.#cursor?.epoch === "") this.#cursor = { epoch, offset: 0 };
  }
}

/** How a publish ended. */
interface Outcome {
  readonly room: Room;
  readonly n: number;
  readonly result: RoomPosition | RequestError;
}

/** Settles what is under way between a client and a server, but for what needs time. */
export async function exchange(server: SimulatedServer): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await promisesSettled();
    for (const connection of [...server.connections]) {
      server.accept(connection);
      while (connection.isOpen && (connection.say() || connection.hear()));
    }
  }
}

/** A client, a server, and all that is between them: a test decides each step. */
export class ClientWorld {
  readonly environment: SimulatedEnvironment;
  readonly client: ReconnectingClient;
  readonly outcomes: Outcome[] = [];
  readonly #rooms = new Map<string, RoomChecker>();
  readonly #left: Room[] = [];
  /** Rooms whose log was lost once. */
  readonly #lost = new Set<string>();
  /** Requests that have not settled, by room. */
  readonly #pending = new Map<Room, number>();
  #numbers = 0;

  constructor(
    readonly server: SimulatedServer,
    seed: number,
    options: ClientOptions = { token: { mid: 1 } },
  ) {
    this.environment = new SimulatedEnvironment(() => server.open(), seed);
    this.client = new ReconnectingClient(this.environment, "ws://simulated", options);
  }

  /** A body that no other message has. */
  number(): Numbered {
    return { n: ++this.#numbers };
  }

  join(key: string, last?: number): Room {
    const room = this.client.join(key, { last });
    if (!this.#rooms.has(key)) this.#rooms.set(key, new RoomChecker(this.server, room));
    return room;
  }

  async leave(key: string): Promise<void> {
    if (!this.#rooms.delete(key)) return;
    const room = this.client.join(key);
    this.#left.push(room);
    room.leave();
    await promisesSettled();
    assert.equal(this.#pending.get(room) ?? 0, 0, "what waits for a room ends with it");
  }

  publish(key: string): void {
    const { n } = this.number();
    const room = this.join(key);
    const ended = (result: Outcome["result"]) => this.outcomes.push({ room, n, result });
    this.#track(room, room.publish({ n }).then(ended, ended));
  }

  readHistory(key: string): void {
    const room = this.join(key);
    const read = room.history({ after: 0 }).then(({ epoch, first, messages }) => {
      messages.forEach(({ offset, body }, index) => {
        assert.equal(offset, first + index);
        const stored = JSON.stringify({ room: key, epoch, offset, body });
        assert.ok(this.server.stored.some((one) => JSON.stringify(one) === stored));
      });
    }, (error) => assert.ok(error instanceof RequestError));
    this.#track(room, read);
  }

  #track(room: Room, request: Promise<unknown>): void {
    const add = (count: number) => this.#pending.set(room, (this.#pending.get(room) ?? 0) + count);
    add(1);
    request.then(() => add(-1));
  }

  lose(key: string, goesOn: boolean): void {
    this.#lost.add(key);
    this.server.lose(key, goesOn);
  }

  /** Moves some of what is on its way. */
  async deliver(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const connections = [...this.server.connections];
      assert.ok(connections.length <= 2, "one connection at a time, and its successor");
      for (const connection of connections) {
        this.server.accept(connection);
        if (connection.isOpen) connection.say();
        if (connection.isOpen) connection.hear();
        assert.ok(connection.unanswered <= UNANSWERED_MAX, "few requests at a time");
      }
      await promisesSettled();
      this.#checkStates();
    }
  }

  async advance(spanMs: number): Promise<void> {
    this.environment.clock.advance(spanMs);
    await promisesSettled();
    this.server.pass(this.environment.clock.monotonicMs());
    await promisesSettled();
    this.#checkStates();
  }

  /** Everything works again: all must come to rest, complete. */
  async finish(): Promise<void> {
    const { server, client, environment } = this;
    server.isUp = true;
    server.joinCodes.length = server.publishFaults.length = 0;
    for (let turn = 0; turn < 90; turn++) {
      // Those that were refused are asked for again with the next connection.
      if (turn === 60 && this.#isRefused()) {
        for (const one of [...server.connections]) one.cut();
      }
      if (turn === 60) server.renewalFaults = server.expired = 0;
      await this.deliver(20);
      await this.advance(1_000);
    }
    assert.equal(client.state, "connected");
    assert.equal(server.expired, 0, "what can be renewed does not expire");
    for (const key of this.#rooms.keys()) server.publish(key, this.number());
    await this.deliver(20);
    for (const checker of this.#rooms.values()) checker.finish();
    for (const count of this.#pending.values()) assert.equal(count, 0, "each request settles");
    for (const room of this.#left) assert.equal(room.state, "left");
    for (const outcome of this.outcomes) this.#checkOutcome(outcome);
    client.close();
    assert.ok(environment.isClosed);
    assert.equal(server.connections.size, 0);
  }

  #isRefused(): boolean {
    return Array.from(this.#rooms.values()).some(({ room: { state } }) => state === "refused");
  }

  #checkStates(): void {
    for (const { room } of this.#rooms.values()) {
      if (this.client.state !== "connected") assert.equal(room.state, "joining");
    }
  }

  #checkOutcome({ room, n, result }: Outcome): void {
    const stored = this.server.stored.filter(({ body }) => (body as Numbered).n === n);
    if (!(result instanceof Error)) {
      const { epoch, offset } = result;
      const there = stored.filter((message) => message.epoch === epoch);
      const wanted = { room: room.key, epoch, offset, body: { n } };
      assert.deepEqual(there, [wanted], "accepted is stored once");
      return;
    }
    assert.ok(result instanceof RequestError, `${result}`);
    assert.ok([-403, -408, -429, -499].includes(result.code), result.message);
    if (result.code === -499) assert.equal(room.state, "left");
    if (this.#lost.has(room.key)) return;
    assert.ok(stored.length <= 1, "never stored twice");
    if (result.code === -429) assert.equal(stored.length, 0);
  }
}
