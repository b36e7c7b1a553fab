import http from "node:http";
import { sleep, systemClock } from "../../base/clock.ts";
import { checkPort, portError } from "../faults.ts";
import { answer } from "../http_answer.ts";
import type { Http, HttpOptions, HttpServer } from "../port.ts";
import { bun, type BunServer } from "./api.ts";

/** Seconds after which a silent connection is closed, be its request under way or not. */
const idleSeconds = 60;

/**
 * Bytes that the head of a request may have. Bun takes 16 KB unless told otherwise here; Deno takes
 * a path and query of 64 KB.
 */
const headBytesMax = 128 * 1024;

/** Milliseconds between two looks at the requests under way while closing. */
const closePollMs = 10;

/** HTTP over `Bun.serve`. */
export const bunHttp: Http = {
  async serve(options: HttpOptions): Promise<HttpServer> {
    checkPort("listen on", options, 0);
    const { hostname, port, fetch } = options;
    (http as { maxHeaderSize: number }).maxHeaderSize = headBytesMax;
    try {
      const server = bun.serve({
        hostname,
        port,
        idleTimeout: idleSeconds,
        fetch: (request, self) => answer(fetch, request, self.requestIP(request)?.address ?? ""),
      });
      return {
        address: { hostname: server.hostname, port: server.port },
        close: () => close(server),
      };
    } catch (error) {
      throw await portError("listen on", options, error);
    }
  },
};

/** `stop` alone waits for every connection, half a request head included. */
async function close(server: BunServer): Promise<void> {
  const stopped = server.stop();
  while (server.pendingRequests > 0) await sleep(systemClock, closePollMs);
  await server.stop(true);
  await stopped;
}
