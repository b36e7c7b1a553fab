/** What HTTP calls the statuses that are in use here (RFC 9110 section 15). */
const Phrases = {
  200: "OK",
  201: "Created",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  417: "Expectation Failed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
} as const;

/** The phrase of a status; empty for one that is not in use. */
export function statusPhrase(status: number): string {
  return (Phrases as Readonly<Record<number, string>>)[status] ?? "";
}

/** A request that cannot be served, for what the peer has sent or for the state of the server. */
export class HttpError extends Error {
  override readonly name = "HttpError";

  /**
   * @param status By which it is refused.
   * @param message One line for whoever reads the answer.
   */
  constructor(readonly status: number, message: string) {
    super(message);
  }
}
