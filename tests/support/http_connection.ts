import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { within } from "./raw_client.ts";

/** A call that waits for its answer. */
interface Waiting {
  readonly resolve: (body: string) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One HTTP/1.1 connection that is kept, for one POST at a time. A runtime's `fetch` may send a POST
 * once more by itself when its connection breaks, and a test that counts pushes cannot have that.
 */
export class HttpConnection {
  #socket: Socket | undefined;
  #bytes = Buffer.alloc(0);
  #waiting: Waiting | undefined;

  constructor(private readonly hostname: string, private readonly port: number) {}

  /**
   * Sends a POST, on a new connection where there is none.
   *
   * @returns The body of the answer.
   * @throws {Error} When no answer came in time; the connection is given up then.
   */
  async post(path: string, body: string | Uint8Array, deadlineMs: number): Promise<string> {
    const answer = new Promise<string>((resolve, reject) => this.#waiting = { resolve, reject });
    this.#socket ??= this.#connect();
    const bytes = Buffer.from(body as string);
    const { length } = bytes;
    const head = `POST ${path} HTTP/1.1\r\nHost: ${this.hostname}\r\nContent-Length: ${length}`;
    this.#socket.write(Buffer.concat([Buffer.from(`${head}\r\n\r\n`), bytes]));
    try {
      return await within("an answer", answer, deadlineMs);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Gives the connection up. */
  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#bytes = Buffer.alloc(0);
  }

  #connect(): Socket {
    const socket = connect({ host: this.hostname, port: this.port, noDelay: true });
    const failed = (error: Error) => {
      if (this.#socket !== socket) return;
      this.close();
      this.#waiting?.reject(error);
    };
    socket.on("error", failed);
    socket.on("close", () => failed(new Error("the connection was closed")));
    socket.on("data", (bytes: Buffer) => {
      if (this.#socket !== socket) return;
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#answer();
    });
    return socket;
  }

  #answer(): void {
    const headEnd = this.#bytes.indexOf("\r\n\r\n");
    if (headEnd === -1) return;
    const head = this.#bytes.toString("latin1", 0, headEnd);
    const length = head.match(/^content-length: *(\d+)/mi);
    if (length === null) return this.#waiting?.reject(new Error(`no length in ${head}`));
    const end = headEnd + 4 + Number(length[1]);
    if (this.#bytes.length < end) return;
    const body = this.#bytes.toString("utf8", headEnd + 4, end);
    this.#bytes = this.#bytes.subarray(end);
    this.#waiting?.resolve(body);
  }
}
