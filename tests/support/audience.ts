import assert from "node:assert/strict";
import { type Prng, randomBelow, seededPrng } from "../../base/prng.ts";
import { ReconnectingClient } from "../../client/client.ts";
import { type Environment, systemEnvironment } from "../../client/environment.ts";
import {
  type Client,
  type ClientOptions,
  type Published,
  RequestError,
  type Room,
  type RoomGap,
} from "../../client/mod.ts";
import { until } from "./until.ts";

/** A type of room that clients publish into and that keeps history, in TOML and for a program. */
export const TALKED = "talk";
export const TALKED_ROOMS =
  `[[rooms]]\ntype = "${TALKED}"\nhistory-size = 100000\nupstream = "publish"\n`;
export const talkedRooms = [
  { type: TALKED, historySize: 100_000, upstream: "publish" as const },
];

/** What clients are told. */
export interface AudienceOptions {
  readonly urls: readonly string[];
  readonly clients: number;
  /** Publishes a second of all together. */
  readonly perSecond: number;
  readonly seed?: number;
  readonly client?: ClientOptions;
  /** How many times as fast as usual the clients' time goes by. */
  readonly pace?: number;
}

/** A message that a client has heard. */
interface Heard {
  readonly epoch: string;
  readonly offset: number;
  readonly n: number;
}

/** A client, and what it was told. */
interface Member {
  readonly client: Client;
  readonly room: Room;
  readonly heard: Heard[];
  readonly gaps: RoomGap[];
}

/** How a publish ended. */
interface Outcome {
  readonly n: number;
  readonly result: Published | RequestError;
}

/** Clients of one room that hear and publish all the time, and know what each one has to hear. */
export class Audience {
  readonly members: readonly Member[];
  /** How often a connection had ended. */
  reconnects = 0;
  readonly outcomes: Outcome[] = [];
  readonly #prng: Prng;
  #published = 0;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: AudienceOptions) {
    this.#prng = seededPrng(options.seed ?? 13);
    this.members = Array.from({ length: options.clients }, (_, index) => this.#member(index + 1));
  }

  /** Settles when everybody is in the room. */
  async joined(): Promise<void> {
    const isIn = ({ room }: Member) => room.state === "joined";
    await until("everybody in the room", () => this.members.every(isIn), 60_000);
  }

  /** Begins to publish, from one client or another. */
  start(): void {
    const everyMs = 1_000 / this.options.perSecond;
    this.#timer = setInterval(() => void this.#publish(), everyMs);
  }

  get accepted(): number {
    return this.outcomes.filter(({ result }) => !(result instanceof Error)).length;
  }

  get failed(): number {
    return this.failures.length;
  }

  /** Why messages were not accepted. */
  get failures(): readonly string[] {
    return this.outcomes.flatMap(({ n, result }) =>
      result instanceof RequestError ? [`${n}: ${result.code} ${result.message}`] : []
    );
  }

  /** Waits for so many more accepted messages. */
  async accepts(count: number): Promise<void> {
    const wanted = this.accepted + count;
    await until(`${count} accepted messages`, () => this.accepted >= wanted, 60_000);
  }

  /** Publishes no more, waits until all is told, and checks that it is right. */
  async check(): Promise<void> {
    clearInterval(this.#timer);
    await until("publishes to settle", () => this.outcomes.length === this.#published, 60_000);
    await this.joined();
    await until("a last message", async () => "offset" in await this.#publish(), 60_000);
    const { epoch, offset } = this.outcomes.at(-1)!.result as Published;
    const isThere = ({ room: { position } }: Member) =>
      position!.epoch === epoch && position!.offset >= offset;
    await until("everybody to hear it", () => this.members.every(isThere), 60_000);
    const said = new Map<string, number>();
    for (const member of this.members) checkOrder(member, said);
    for (const { n, result } of this.outcomes) this.#checkOutcome(n, result, said);
  }

  /** What all were told that they do not get. */
  get gaps(): readonly RoomGap[] {
    return this.members.flatMap(({ gaps }) => gaps);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const { client } of this.members) client.close();
  }

  #member(mid: number): Member {
    const { urls, client: more, pace = 1 } = this.options;
    const environment = systemEnvironment({});
    const after: Environment["after"] = (ms, callback) => environment.after(ms / pace, callback);
    const client = new ReconnectingClient({ ...environment, after }, urls, {
      // Half of them are nobody in particular.
      token: mid % 2 === 0 ? {} : { mid },
      backoff: { baseMs: 100, maxMs: 1_000 },
      ...more,
    });
    const room = client.join(`${TALKED}://1`);
    const member: Member = { client, room, heard: [], gaps: [] };
    client.on("state", ({ state }) => {
      if (state === "waiting") this.reconnects++;
    });
    room.on("message", ({ body, offset }) => {
      const { n } = body as { readonly n: number };
      member.heard.push({ epoch: room.position!.epoch, offset, n });
    });
    room.on("gap", (gap) => member.gaps.push(gap));
    return member;
  }

  async #publish(): Promise<Outcome["result"]> {
    const n = ++this.#published;
    const { room } = this.members[randomBelow(this.#prng, this.members.length)];
    const result = await room.publish({ n }).catch((error) => {
      assert.ok(error instanceof RequestError, `${error}`);
      return error;
    });
    this.outcomes.push({ n, result });
    return result;
  }

  #checkOutcome(n: number, result: Outcome["result"], said: ReadonlyMap<string, number>): void {
    const places = Array.from(said).filter(([, number]) => number === n);
    assert.ok(places.length <= 1, `${n} was stored ${places.length} times`);
    if (result instanceof Error) return;
    const place = `${result.epoch}/${result.offset}`;
    for (const { heard, gaps, client } of this.members) {
      const count = heard.filter((one) => one.n === n).length;
      const isExcused = gaps.some(({ reason }) => reason === "epoch");
      assert.ok(count === 1 || isExcused, `${n}, heard ${count} times by a client ${client.state}`);
    }
    if (places.length > 0) assert.equal(places[0][0], place);
  }
}

/** Every message once and in order, and the same at each place as others have heard. */
function checkOrder({ heard }: Member, said: Map<string, number>): void {
  for (const [index, { epoch, offset, n }] of heard.entries()) {
    const before = heard[index - 1];
    if (before?.epoch === epoch) assert.equal(offset, before.offset + 1);
    const place = `${epoch}/${offset}`;
    assert.equal(said.get(place) ?? n, n, `what is at ${place}`);
    said.set(place, n);
  }
}
