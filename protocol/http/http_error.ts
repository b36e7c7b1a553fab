/** A status by which a server refuses a request that no handler has seen. */
export type HttpErrorStatus = 400 | 408 | 413 | 417 | 431 | 501 | 503 | 505;

/** A request that cannot be served, for what the peer has sent or for the state of the server. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  /** @param message One line for whoever reads the answer. */
  constructor(readonly status: HttpErrorStatus, message: string) {
    super(message);
  }
}
