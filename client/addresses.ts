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

  /**
   * @param urls Of servers, `ws:` or `wss:`, or of HTTP APIs that know servers.
   * @throws {TypeError} When one is no URL, or there is none.
   */
  constructor(private readonly environment: Environment, private readonly urls: readonly string[]) {
    if (urls.length === 0) throw new TypeError("no URL to connect to");
    for (const url of urls) new URL(url);
    // Clients that begin together do not all begin at the first one.
    this.#attempt = Math.floor(environment.random() * urls.length);
  }

  /**
   * @param signal Ends the asking.
   * @param failures How many attempts have failed since the last one that did not: the best server
   * is first.
   * @throws {Error} By its promise, when the HTTP API cannot be asked.
   */
  async next(signal: AbortSignal, failures: number): Promise<string> {
    const attempt = this.#attempt++;
    const url = this.urls[attempt % this.urls.length];
    if (!url.startsWith("http")) return url;
    const { nodes, ws_port, wss_port } = await this.#nodes(url, signal);
    // Where the names of servers do not resolve, the host of the API may be a server itself.
    const hosts = [...nodes, new URL(url).hostname];
    const host = hosts[Math.floor(failures / this.urls.length) % hosts.length];
    return url.startsWith("https")
      ? `wss://${host}:${wss_port || 443}/sub`
      : `ws://${host}:${ws_port}/sub`;
  }

  async #nodes(url: string, signal: AbortSignal): Promise<Nodes> {
    const path = new URL("goim/nodes/weighted?platform=web", url);
    const { data, message } = await (await this.environment.fetch(path, { signal })).json();
    if (!data) throw new Error(message);
    return data;
  }
}
