import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { within } from "./raw_client.ts";

/** An answer as it came. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Sends a request over a bare socket, which knows nothing of the server's code.
 *
 * @param line Method and path.
 * @param key API key to show, if any.
 */
export function rawHttp(url: string, line: string, key?: string, body = ""): Promise<RawAnswer> {
  const { hostname, port, host } = new URL(url);
  const fields = [
    `${line} HTTP/1.1`,
    `Host: ${host}`,
    ...(key === undefined ? [] : [`Authorization: Bearer ${key}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  const answer = new Promise<RawAnswer>((resolve, reject) => {
    const pieces: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on("error", reject);
    socket.on("data", (piece: Buffer) => pieces.push(piece));
    socket.on("close", () => {
      const text = Buffer.concat(pieces).toString();
      const end = text.indexOf("\r\n\r\n");
      resolve({ status: Number(text.slice(9, 12)), body: text.slice(end + 4) });
    });
    socket.write(`${fields.join("\r\n")}\r\n\r\n${body}`);
  });
  return within("an answer", answer);
}
