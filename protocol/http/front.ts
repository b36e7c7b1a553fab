import { assert } from "../../base/assert.ts";
import type { Buffers } from "../buffers.ts";
import { Limits } from "../limits.ts";
import { parseRequestHead, type RequestHead } from "./head.ts";
import { HeadReader } from "./head_reader.ts";
import { HttpError, statusPhrase } from "./status.ts";

/** How a front answers the one request of a connection. */
export interface FrontAnswer {
  /** 101 when the connection goes on in another protocol; with any other it ends. */
  readonly status: number;
  /** What to send, whole. */
  readonly response: Uint8Array;
}

/** What a front serves at one path. */
export interface FrontRoute {
  /** Exactly; a query may follow. */
  readonly path: string;
  readonly methods: readonly string[];
  /** Those of HTTP that will do, such as `1.1`. */
  readonly versions: readonly string[];
  /** Answers a request that any HTTP server would take, and that has no body. */
  answer(head: RequestHead): FrontAnswer;
}

/**
 * Takes the head of the HTTP request that a client's connection begins with, however it is cut, and
 * has the route of its path answer it. It is dropped then, and holds no more than twice what has
 * come. It knows no time: the owner ends a connection whose head does not come.
 */
export class HttpFront {
  /** What was answered, unless it was malformed. */
  head: RequestHead | undefined;
  /** Bytes of the last chunk that belong to the head; what follows is the next protocol's. */
  consumedBytes = 0;
  private readonly reader: HeadReader;
  private closed = false;

  /**
   * @param buffers Where to borrow memory for a head that comes in parts.
   * @param routes The first is the one that clients are told of who ask for another path.
   */
  constructor(buffers: Buffers, private readonly routes: readonly FrontRoute[]) {
    this.reader = new HeadReader(buffers, Limits.upgradeHeadBytesMax);
  }

  /**
   * Takes what has come. A head that lies whole in its chunk is not copied.
   *
   * @param chunk The stream's next bytes.
   * @returns The answer, after which nothing may be pushed, or undefined while the head goes on.
   */
  push(chunk: Uint8Array): FrontAnswer | undefined {
    assert(!this.closed, "nothing is pushed into a front that has answered");
    try {
      this.consumedBytes = this.reader.push(chunk);
      if (this.consumedBytes === 0) return undefined;
      this.closed = true;
      this.head = parseRequestHead(this.reader.text);
      return this.answer(this.head);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.closed = true;
      const { status, message } = error;
      return refuse(status, `${message[0].toUpperCase()}${message.slice(1)}.`);
    }
  }

  /** Gives back what is borrowed; may be called more than once. */
  close(): void {
    this.closed = true;
    this.reader.close();
  }

  private answer(head: RequestHead): FrontAnswer {
    const { method, target, version, contentLength } = head;
    const route = this.routes.find(({ path }) => target === path || target.startsWith(`${path}?`));
    const versions = route?.versions ?? ["1.1"];
    if (!versions.includes(version)) {
      return refuse(505, `Version must be HTTP/${versions.join(" or HTTP/")}.`);
    }
    if (route === undefined) return refuse(404, `Path must be ${this.routes[0].path}.`);
    if (!route.methods.includes(method)) {
      const allowed = route.methods.join(", ");
      return refuse(405, `Method must be ${allowed}.`, `${CLOSE}Allow: ${allowed}\r\n`);
    }
    return contentLength === 0 ? route.answer(head) : refuse(400, "Request must have no body.");
  }
}

/** Where load balancers ask whether the server is there; HAProxy by OPTIONS and HTTP/1.0. */
export const healthRoute: FrontRoute = {
  path: "/healthz",
  methods: ["GET", "HEAD", "OPTIONS"],
  versions: ["1.1", "1.0"],
  answer({ method }) {
    const response = textResponse(200, CLOSE, "ok\n", method !== "HEAD");
    return { status: 200, response };
  },
};

/** The field line of an answer after which the connection ends. */
export const CLOSE = "Connection: close\r\n";

const utf8 = new TextEncoder();

/**
 * Refuses a request; the connection ends after it.
 *
 * @param reason One line for whoever reads the answer.
 * @param fields The field lines that the status calls for.
 */
export function refuse(status: number, reason: string, fields = CLOSE): FrontAnswer {
  return { status, response: textResponse(status, fields, `${reason}\n`, true) };
}

function textResponse(status: number, fields: string, body: string, hasBody: boolean): Uint8Array {
  return utf8.encode(
    `HTTP/1.1 ${status} ${statusPhrase(status)}\r\n` +
      fields +
      "Content-Type: text/plain; charset=utf-8\r\n" +
      `Content-Length: ${utf8.encode(body).length}\r\n\r\n` +
      (hasBody ? body : ""),
  );
}
