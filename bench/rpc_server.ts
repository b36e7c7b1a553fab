/** A child process that echoes what it is sent, over the RPC and over HTTP with Hono. */
import { Hono } from "hono";
import { systemClock } from "../platform/system_clock.ts";
import { selectPlatform } from "../platform/select.ts";
import { serveHttp } from "../protocol/http/server.ts";
import { Limits } from "../protocol/limits.ts";
import { listenRpc } from "../rpc/listener.ts";
import { serveCommands } from "./child.ts";

/** @returns The port of each. */
async function listen(): Promise<Record<"rpc" | "http", number>> {
  const { streams } = await selectPlatform();
  const address = { hostname: "127.0.0.1", port: 0 };
  const rpc = await listenRpc({
    streams,
    address,
    secret: "",
    clock: systemClock,
    self: { role: "bench", id: "server" },
    handler: { call: (_, __, body) => body.slice() },
  });
  const app = new Hono();
  app.post("/echo", async (context) => context.body(await context.req.arrayBuffer()));
  const server = await serveHttp({
    streams,
    clock: systemClock,
    address,
    fetch: (request) => app.fetch(request),
    connectionsMax: 256,
    bodyBytesMax: Limits.pushRequestBytesMax,
  });
  return { rpc: rpc.address.port, http: server.address.port };
}

serveCommands({ listen });
