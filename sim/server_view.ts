import { type Clock, sleep } from "../base/clock.ts";

/** How long counts of who is online may lag behind, in milliseconds. */
const COUNTS_MS = 5_000;

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 10_000;

/** What must be zero when all have gone, by its name in `/metrics`. */
const HELD: Readonly<Record<string, string>> = {
  halley_comet_connections: "connections",
  halley_comet_rooms: "rooms",
  halley_push_log_entries: "pushes",
};

/** How the API of a server is reached. */
export interface ServerViewParts {
  readonly api: string;
  readonly apiKey: string;
  readonly rooms: number;
  readonly clock: Clock;
}

/** What a server says of itself over its HTTP API. */
export class ServerView {
  constructor(private readonly parts: ServerViewParts) {}

  /** @throws {Error} With a one-line message when the API is not there, or does not take the key. */
  async reach(): Promise<void> {
    const { api } = this.parts;
    const response = await this.#get("/goim/online/total").catch((error: Error) => {
      throw new Error(`Cannot run: no answer from the API at ${api}: ${error.message}`);
    });
    if (response.ok) return;
    throw new Error(`Cannot run: the API at ${api} answered with HTTP ${response.status}`);
  }

  /** How many clients of this run the server counts, when it has had time to. */
  counted(wanted: number): Promise<number> {
    return this.#settled(() => this.#members(), (counted) => counted === wanted);
  }

  /** What the server holds when it has had time to let go, by what it is called. */
  leftOver(): Promise<Readonly<Record<string, number>>> {
    return this.#settled(async () => {
      const held: Record<string, number> = { clients: await this.#members() };
      const response = await this.#get("/metrics");
      if (!response.ok) return held;
      for (const line of (await response.text()).split("\n")) {
        const [name, value] = line.split(" ");
        if (HELD[name] !== undefined) held[HELD[name]] = Number(value);
      }
      return held;
    }, (held) => Object.values(held).every((count) => count === 0));
  }

  /** Members of this run's rooms. */
  async #members(): Promise<number> {
    const response = await this.#get(`/goim/online/top?type=sim&limit=${this.parts.rooms}`);
    const { data } = await response.json() as { data?: { count: number }[] | null };
    return (data ?? []).reduce((sum, { count }) => sum + count, 0);
  }

  /** Asks until the answer is as it should be, or long enough. */
  async #settled<Answer>(
    ask: () => Promise<Answer>,
    isRight: (answer: Answer) => boolean,
  ): Promise<Answer> {
    const { clock } = this.parts;
    for (const deadlineMs = clock.monotonicMs() + COUNTS_MS;;) {
      const answer = await ask();
      if (isRight(answer) || clock.monotonicMs() > deadlineMs) return answer;
      await sleep(clock, 200);
    }
  }

  #get(path: string): Promise<Response> {
    const { api, apiKey } = this.parts;
    const headers: Record<string, string> = apiKey === ""
      ? {}
      : { authorization: `Bearer ${apiKey}` };
    return fetch(api + path, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
  }
}
