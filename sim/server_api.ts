import { sleep } from "../base/clock.ts";
import { systemPrng, uuid } from "../base/prng.ts";
import { preciseClock } from "../platform/system_clock.ts";
import type { StreamPosition } from "../protocol/history.ts";
import { parseRoomKey } from "../protocol/room_key.ts";
import { onlineFinding } from "./checkers/findings.ts";
import { ServerFailed } from "./server_process.ts";

/** How long counts of who is online may lag behind, in milliseconds: of Halley, and of others. */
const COUNTS_MS = 5_000;
const SLOW_COUNTS_MS = 25_000;

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 10_000;

/** Up to when a push is tried again at the other APIs, and before it is, in milliseconds. */
const PUSH_MS = 30_000;
const AGAIN_MS = 50;

/** What a process answers that goes: it has done nothing. */
const UNAVAILABLE = 503;

/** What a Halley says that it holds, by its name in `/metrics`. */
const RESOURCES: Readonly<Record<string, string>> = {
  halley_comet_connections: "connections",
  halley_comet_rooms: "rooms",
  halley_push_log_entries: "pushes",
};

/** What counts the reads of history, in `/metrics`. */
const HISTORY_READS = "halley_comet_history_reads_total";

/** Things that a server holds, by what they are called. */
type ResourceCounts = Readonly<Record<string, number>>;

/** The answer to a push; to a room with history, with its place there. */
interface PushAnswer {
  readonly code: number;
  readonly data?: StreamPosition | null;
}

/**
 * The HTTP API of a server: takes pushes, and says what the server holds. Where there are several,
 * one that has gone, or says that it goes, is passed over: a push is tried again at the next by the
 * id that it had, so that it is done once.
 */
export class ServerApi {
  /** Pushes that were sent again. */
  repeats = 0;
  /** What it held before the run; undefined for a server that does not say, such as goim. */
  #before: ResourceCounts | undefined;

  readonly #headers: [string, string][];
  /** Begins the ids of this run's pushes. */
  readonly #idPrefix = uuid(systemPrng());
  #pushes = 0;

  /**
   * @param urls One at least, of processes of one cluster.
   * @param apiKey Empty for none.
   * @param roomKeys Keys of the rooms, where others than the run's clients may be in them.
   */
  constructor(
    readonly urls: readonly string[],
    apiKey: string,
    private readonly rooms: number,
    private readonly roomKeys?: readonly string[],
  ) {
    this.#headers = apiKey === "" ? [] : [["authorization", `Bearer ${apiKey}`]];
  }

  /** Whether others than the run's clients may be in the rooms. */
  get isShared(): boolean {
    return this.roomKeys !== undefined;
  }

  /** @throws {Error} With a one-line message when an API is not there, or does not take the key. */
  async reach(): Promise<void> {
    for (const url of this.urls) {
      const response = await this.#fetch(url, "/goim/online/total").catch((error: Error) => {
        throw new Error(`Cannot run: no answer from the API at ${url}: ${error.message}`);
      });
      if (!response.ok) {
        throw new Error(`Cannot run: the API at ${url} answered with HTTP ${response.status}`);
      }
      if (parsed(await response.text()).code !== 0) {
        throw new Error(`Cannot run: what answers at ${url} is not goim's HTTP API`);
      }
    }
    this.#before = await this.#resources();
  }

  /**
   * Pushes to a room.
   *
   * @returns Whether it was answered with code 0, or where it stands in the room's log then.
   */
  async pushToRoom(room: number, body: Uint8Array): Promise<StreamPosition | boolean> {
    const call = `room?operation=1000&type=sim&room=${room}`;
    const { code, data } = await this.#push(call, body);
    return code === 0 && data?.epoch !== undefined ? data : code === 0;
  }

  /** Pushes something that clients take and do not look at, to some of them alone. */
  async pushToClients(clients: readonly number[], bytes: number): Promise<boolean> {
    const keys = clients.map((client) => `keys=sim-${client}`).join("&");
    const { code } = await this.#push(`keys?operation=1001&${keys}`, new Uint8Array(bytes));
    return code === 0;
  }

  /**
   * How many clients of this run the server counts in each room, when it has had time to.
   *
   * @throws {ServerFailed} When it does not answer.
   */
  counted(wanted: readonly number[]): Promise<readonly number[]> {
    return this.#settled(
      () => this.#members(),
      (counted) => onlineFinding(counted, wanted, this.isShared).ok,
    );
  }

  /**
   * What the server holds more than before the run, when it has had time to let go.
   *
   * @returns Undefined for a server that does not say.
   * @throws {ServerFailed} When it does not answer.
   */
  async leftOver(): Promise<ResourceCounts | undefined> {
    const before = this.#before;
    if (before === undefined) return undefined;
    return await this.#settled(async () => {
      const left: Record<string, number> = this.isShared ? {} : { clients: 0 };
      for (const [what, count] of Object.entries(await this.#resources() ?? {})) {
        left[what] = Math.max(0, count - (before[what] ?? 0));
      }
      // Connections and members may be others'.
      if (this.isShared) return { pushes: left.pushes };
      left.clients = (await this.#members()).reduce((sum, count) => sum + count, 0);
      return left;
    }, (left) => Object.values(left).every((count) => count === 0));
  }

  /** How often comets have read history so far; undefined for a server that does not say. */
  async historyReads(): Promise<number | undefined> {
    const { text } = await this.get("/metrics");
    const reads = text.split("\n").map((line) => line.split(" "))
      .find(([name]) => name === HISTORY_READS);
    return reads && Number(reads[1]);
  }

  /** @throws {ServerFailed} When it does not answer. */
  async get(
    path: string,
    init?: RequestInit,
  ): Promise<{ readonly ok: boolean; readonly text: string }> {
    let failure: unknown;
    for (const url of this.urls) {
      try {
        const response = await this.#fetch(url, path, init);
        return { ok: response.ok, text: await response.text() };
      } catch (error) {
        failure = error;
      }
    }
    throw new ServerFailed(`the API does not answer: ${(failure as Error).message}`);
  }

  async #resources(): Promise<ResourceCounts | undefined> {
    const { ok, text } = await this.get("/metrics");
    if (!ok) return undefined;
    const held = text.split("\n").map((line) => line.split(" "))
      .filter(([name]) => RESOURCES[name] !== undefined)
      .map(([name, value]) => [RESOURCES[name], Number(value)]);
    return held.length === 0 ? undefined : Object.fromEntries(held);
  }

  /** Members of this run's rooms, by the room's index. */
  async #members(): Promise<number[]> {
    if (this.roomKeys !== undefined) return await this.#membersOf(this.roomKeys);
    const { text } = await this.get(`/goim/online/top?type=sim&limit=${this.rooms}`);
    const { code, data } = parsed<{ room_id: string; count: number }[]>(text);
    if (code !== 0) throw new ServerFailed("the API does not say who is online");
    const members = new Array<number>(this.rooms).fill(0);
    for (const { room_id, count } of data ?? []) members[Number(room_id)] = count;
    return members;
  }

  async #membersOf(keys: readonly string[]): Promise<number[]> {
    return await Promise.all(keys.map(async (key) => {
      const { type, id } = parseRoomKey(key)!;
      const query = new URLSearchParams({ type, rooms: id });
      const { text } = await this.get(`/goim/online/room?${query}`);
      return parsed<Record<string, number>>(text).data?.[id] ?? 0;
    }));
  }

  /** Asks until the answer is as it should be, or long enough. */
  async #settled<Answer>(
    ask: () => Promise<Answer>,
    isRight: (answer: Answer) => boolean,
  ): Promise<Answer> {
    const mostMs = this.#before === undefined ? SLOW_COUNTS_MS : COUNTS_MS;
    const deadlineMs = preciseClock.monotonicMs() + mostMs;
    for (;;) {
      const answer = await ask();
      if (isRight(answer) || preciseClock.monotonicMs() > deadlineMs) return answer;
      await sleep(preciseClock, 200);
    }
  }

  async #push(call: string, body: Uint8Array): Promise<PushAnswer> {
    const { urls } = this;
    const init = { method: "POST", body: body as BodyInit };
    const path = `/goim/push/${call}`;
    const turn = this.#pushes++;
    if (urls.length === 1) return await (await this.#fetch(urls[0], path, init)).json();
    const untilMs = preciseClock.monotonicMs() + PUSH_MS;
    for (let tries = 0;; tries++) {
      try {
        const url = urls[(turn + tries) % urls.length];
        const response = await this.#fetch(url, `${path}&id=${this.#idPrefix}-${turn}`, init);
        const answer = await response.json();
        if (response.status !== UNAVAILABLE) return answer;
      } catch (error) {
        if (preciseClock.monotonicMs() > untilMs) throw error;
      }
      if (preciseClock.monotonicMs() > untilMs) return { code: -UNAVAILABLE };
      this.repeats++;
      await sleep(preciseClock, AGAIN_MS);
    }
  }

  #fetch(url: string, path: string, init: RequestInit = {}): Promise<Response> {
    const signal = AbortSignal.timeout(ANSWER_MS);
    return fetch(url + path, { ...init, headers: this.#headers, signal });
  }
}

/** An answer of goim's API; empty when it is none. */
export function parsed<Data>(
  text: string,
): { readonly code?: number; readonly data?: Data | null } {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
}
