import type { Environment } from "./environment.ts";

/** What the HTTP API says of where to connect. */
interface Nodes {
  readonly ws_port: number;
  readonly wss_port: number;
  readonly nodes: readonly string[];
}

/** Where to connect to, another place at each attempt. */
export class Addresses {
  #attempt: number;

  /** @param urls Of servers, `ws:` or `wss:`, or of HTTP APIs that know servers. */
  constructor(private readonly environment: Environment, private readonly urls: readonly string[]) {
    // Clients that begin together do not all begin at the first one.
    this.#attempt = Math.floor(environment.random() * urls.length);
  }

  /** @throws {Error} By its promise, when the HTTP API cannot be asked. */
  async next(): Promise<string> {
    const attempt = this.#attempt++;
    const url = this.urls[attempt % this.urls.length];
    if (!url.startsWith("http")) return url;
    const answer = await this.environment.fetch(
      new URL("/goim/nodes/weighted?platform=web", url),
    );
    const { nodes, ws_port, wss_port } = (await answer.json()).data as Nodes;
    const node = nodes[Math.floor(attempt / this.urls.length) % nodes.length];
    return url.startsWith("https")
      ? `wss://${node}:${wss_port || 443}/sub`
      : `ws://${node}:${ws_port}/sub`;
  }
}
