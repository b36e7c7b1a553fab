import type { HttpFields } from "./head.ts";
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
  readonly #fields: HttpFields;
  #headers: Headers | undefined;
  readonly #body: Uint8Array;

  constructor({ head, body }: ParsedRequest) {
    this.method = head.method;
    this.url = `http://${head.host || NO_HOST}${head.target}`;
    this.#fields = head.fields;
    this.#body = body;
  }

  get headers(): Headers {
    return this.#headers ??= toHeaders(this.#fields);
  }

  /** Null for a body without bytes. */
  get body(): ReadableStream<Uint8Array> | null {
    return this.#body.length === 0 ? null : this.#response().body;
  }

  arrayBuffer(): Promise<ArrayBuffer> {
    return Promise.resolve(this.#body.slice().buffer as ArrayBuffer);
  }

  text(): Promise<string> {
    return this.#response().text();
  }

  json(): Promise<unknown> {
    return this.#response().json();
  }

  /** A `Response` has the same body. */
  #response(): Response {
    return new Response(this.#body as Uint8Array<ArrayBuffer>);
  }
}

function toHeaders(fields: HttpFields): Headers {
  const headers = new Headers();
  for (const [name, values] of fields) {
    for (const value of values) headers.append(name, value);
  }
  return headers;
}
