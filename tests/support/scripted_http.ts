import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { within } from "./raw_client.ts";

/** What an HTTP server was asked. */
export interface Asked {
  readonly method: string | undefined;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** How it answers. */
export type Script = (response: ServerResponse, asked: Asked) => void;

/** Answers with a status and a body. */
export function answer(status: number, body: string | Uint8Array = "", headers = {}): Script {
  return (response) => void response.writeHead(status, headers).end(body);
}

/** Node's HTTP server, which notes what it is asked and answers as its script says. */
export class ScriptedHttp {
  readonly asked: Asked[] = [];
  connections = 0;
  script: Script = answer(200);
  #heard = Promise.withResolvers<void>();
  readonly #server = createServer(async (request, response) => {
    let body = "";
    try {
      for await (const chunk of request) body += chunk;
    } catch {
      // It hung up.
      return;
    }
    const { method, headers, url: path = "" } = request;
    const asked = { method, path, headers, body };
    this.asked.push(asked);
    this.#heard.resolve();
    this.script(response, asked);
  });

  async listen(port = 0): Promise<void> {
    this.#server.on("connection", () => this.connections++);
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Waits for the next request. */
  async heard(): Promise<void> {
    this.#heard = Promise.withResolvers();
    await within("a request", this.#heard.promise);
  }

  /** With something in it that must not be told. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/x?key=hidden`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
