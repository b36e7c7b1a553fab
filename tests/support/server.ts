import assert from "node:assert/strict";
import { type Server, type ServerOptions, startServer } from "../../mod.ts";
import { within } from "./raw_client.ts";

/** A server under test. */
export interface TestServer {
  readonly tcpPort: number;
  readonly wsPort: number;
  readonly httpUrl: string;
  /** POSTs and returns the JSON that came back. */
  post(path: string, body: string | Uint8Array): Promise<{ code: number; message: string }>;
  /** Pushes by `/goim/push/…` and fails unless it was accepted. */
  push(call: string, body: string | Uint8Array): Promise<void>;
  /** Calls `/goim/…` and returns its data. */
  get(path: string): Promise<unknown>;
  /** What `/metrics` says, without the prefix `halley_`. */
  metrics(): Promise<Record<string, number>>;
  /** Waits until the metrics are as they should be. */
  until(what: string, holds: (metrics: Record<string, number>) => boolean): Promise<void>;
}

/** Runs a whole server on free ports of this machine, and stops it whatever happens. */
export async function withServer(
  options: ServerOptions,
  use: (server: TestServer) => Promise<void>,
): Promise<void> {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  const clients = options.listeners === undefined ? { tcp: anyPort, ws: anyPort } : {};
  const running = await startServer({ ...clients, http: anyPort, ...options });
  try {
    await use(testServer(running, options.apiKey));
  } finally {
    await within("the server's stop", running.close());
  }
}

/** The server that listens on these ports of this machine. */
export function testServer(
  { tcp, ws, http }: Pick<Server, "tcp" | "ws" | "http">,
  apiKey = "",
): TestServer {
  const httpUrl = `http://127.0.0.1:${http.port}`;
  const headers = apiKey === "" ? undefined : { authorization: `Bearer ${apiKey}` };

  async function post(path: string, body: string | Uint8Array) {
    const init = { method: "POST", body: body as BodyInit, headers };
    return await (await fetch(httpUrl + path, init)).json();
  }
  async function metrics() {
    const text = await (await fetch(`${httpUrl}/metrics`, { headers })).text();
    const lines = text.matchAll(/^halley_(\w+)(?:\{[^}]*\})? (\S+)$/gm);
    return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, Number(value)]));
  }
  return {
    tcpPort: tcp.port,
    wsPort: ws.port,
    httpUrl,
    post,
    metrics,
    async push(call, body) {
      const answer = await post(`/goim/push/${call}`, body);
      assert.deepEqual(answer, { code: 0, message: "" });
    },
    async get(path) {
      const answer = await (await fetch(httpUrl + path, { headers })).json();
      assert.equal(answer.code, 0, answer.message);
      return answer.data;
    },
    until(what, holds) {
      const poll = async () => {
        while (!holds(await metrics())) await new Promise((resolve) => setTimeout(resolve, 20));
      };
      return within(what, poll());
    },
  };
}
