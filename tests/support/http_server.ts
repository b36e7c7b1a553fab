import { systemClock } from "../../platform/system_clock.ts";
import { selectPlatform } from "../../platform/select.ts";
import type { HttpFetch } from "../../protocol/http/request.ts";
import { type HttpServer, serveHttp } from "../../protocol/http/server.ts";

/** Serves HTTP on this machine, on a free port unless one is given, with room for what a test needs. */
export async function serveTest(fetch: HttpFetch, port = 0): Promise<HttpServer> {
  const { streams } = await selectPlatform();
  return await serveHttp({
    streams,
    clock: systemClock,
    address: { hostname: "127.0.0.1", port },
    fetch,
    connectionsMax: 256,
    bodyBytesMax: 16 * 1024 * 1024,
  });
}
