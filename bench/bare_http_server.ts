/** A child process that answers every push at once: by the runtime's HTTP server, and by ours. */
import { systemClock } from "../base/clock.ts";
import { selectPlatform } from "../platform/select.ts";
import { serveHttp } from "../protocol/http/server.ts";
import { serveCommands } from "./child.ts";

/** Where the child listens. */
export interface BarePorts {
  readonly runtime: number;
  readonly own: number;
}

/** What is used of the runtimes' servers. */
interface Runtimes {
  readonly Bun: {
    serve(options: { hostname: string; port: number; fetch: Fetch }): { readonly port: number };
  };
  readonly Deno: {
    serve(
      options: { hostname: string; port: number; onListen: () => void },
      fetch: Fetch,
    ): { readonly addr: { readonly port: number } };
  };
}

type Fetch = (request: Request) => Promise<Response>;

const address = { hostname: "127.0.0.1", port: 0 };

async function fetch(request: Request): Promise<Response> {
  await request.arrayBuffer();
  return Response.json({ code: 0, message: "" });
}

function listenRuntime(): number {
  const runtimes = globalThis as unknown as Runtimes;
  return "Deno" in globalThis
    ? runtimes.Deno.serve({ ...address, onListen() {} }, fetch).addr.port
    : runtimes.Bun.serve({ ...address, fetch }).port;
}

async function listen(): Promise<BarePorts> {
  const { streams } = await selectPlatform();
  const limits = { connectionsMax: 256, bodyBytesMax: 65_536 };
  const own = await serveHttp({ streams, clock: systemClock, address, fetch, ...limits });
  return { runtime: listenRuntime(), own: own.address.port };
}

serveCommands({ listen });
