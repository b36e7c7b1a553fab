import type { ParsedRequest } from "./request_parser.ts";

/** Answers one HTTP request; of the `Request` there is what `HttpRequest` has. */
export type HttpFetch = (
  request: Request,
  peer: { readonly remoteAddress: string },
) => Response | Promise<Response>;

/** Stands for the host in the URL of a request of HTTP/1.0 that names none (RFC 2606). */
const NO_HOST = "unknown.invalid";

/**
 * What handlers use of the Fetch API's `Request`. It is not one: making one costs more than all the
 * rest of a request, and would rewrite its path, so that `/healthz/../goim` became `/goim`.
 */
export class HttpRequest {
  readonly method: string;
  /** `http://`, the Host field, and the target as it was sent. */
  readonly url: string;
  readonly #request: ParsedRequest;
  #headers: Headers | undefined;

  constructor(request: ParsedRequest) {
    const { method, host, target } = request.head;
    this.method = method;
    this.url = `http://${host || NO_HOST}${target}`;
    this.#request = request;
  }

  get headers(): Headers {
    if (this.#headers === undefined) {
      this.#headers = new Headers();
      for (const [name, values] of this.#request.head.fields) {
        for (const value of values) this.#headers.append(name, value);
      }
    }
    return this.#headers;
  }

  /** Null for a body without bytes. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#request.body.length === 0 ? null : this.#response().body;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(this.#request.body.slice().buffer as ArrayBuffer);
  }

  text(): Promise<string> {
    return this.#response().text();
  }

  json(): Promise<unknown> {
    return this.#response().json();
  }

  /** A `Response` has the same body. */
  #response(): Response {
    return new Response(this.#request.body as Uint8Array<ArrayBuffer>);
  }
}
