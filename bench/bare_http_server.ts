/** A child process that answers every push at once: by the runtime's HTTP server, and by ours. */
import { systemClock } from "../platform/system_clock.ts";
import { selectBareSockets, selectPlatform } from "../platform/select.ts";
import { serveHttp } from "../protocol/http/server.ts";
import { serveCommands } from "./child.ts";

const address = { hostname: "127.0.0.1", port: 0 };

async function fetch(request: Request): Promise<Response> {
  await request.arrayBuffer();
  return Response.json({ code: 0, message: "" });
}

/** @returns The port of each. */
async function listen(): Promise<Record<"runtime" | "own", number>> {
  const { streams } = await selectPlatform();
  const limits = { connectionsMax: 256, bodyBytesMax: 65_536 };
  const own = await serveHttp({ streams, clock: systemClock, address, fetch, ...limits });
  return { runtime: (await selectBareSockets()).serveHttp(fetch), own: own.address.port };
}

serveCommands({ listen });
