import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Buffer } from "node:buffer";

/** A push as it came. */
export interface RecordedPush {
  /** The query, such as `operation=1000&type=live&room=1`. */
  readonly query: string;
  readonly body: Buffer;
}

/** What a front answers a push that it does not pass on. */
const REFUSAL = JSON.stringify({ code: -500, message: "not today" });

/** Stands in front of the HTTP API of a server, keeps the pushes to rooms, and may refuse one. */
export class ApiFront {
  readonly pushes: RecordedPush[] = [];
  readonly #server: Server;

  private constructor(private readonly api: string, private readonly refused?: number) {
    this.#server = createServer((request, response) => void this.#serve(request, response));
  }

  /**
   * Listens on a free port of this machine.
   *
   * @param api The API behind it.
   * @param refused Which push it refuses, counted from 1; none when absent.
   */
  static async start(api: string, refused?: number): Promise<ApiFront> {
    const front = new ApiFront(api, refused);
    await new Promise<void>((resolve) => front.#server.listen(0, "127.0.0.1", resolve));
    return front;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Ends it and all its connections. */
  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "GET", url = "/" } = request;
    const body = Buffer.concat(chunks);
    if (url.startsWith("/goim/push/room?")) {
      this.pushes.push({ query: url.split("?")[1], body });
      if (this.pushes.length === this.refused) return void response.end(REFUSAL);
    }
    const init = { method, body: method === "POST" ? body : undefined };
    const answer = await fetch(this.api + url, init);
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    response.end(await answer.text());
  }
}
