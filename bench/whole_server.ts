/** A child process that is a whole server: every role, on free ports of this machine. */
import { type Config, startServer } from "../mod.ts";
import { serveCommands } from "./child.ts";

/** Ports of a whole server. */
export interface ServerPorts {
  readonly tcp: number;
  readonly ws: number;
  readonly http: number;
}

async function start(options: Partial<Config>): Promise<ServerPorts> {
  const anyPort = { hostname: "127.0.0.1", port: 0 };
  const { tcp, ws, http } = await startServer({
    ...options,
    tcp: anyPort,
    ws: anyPort,
    http: anyPort,
  });
  return { tcp: tcp.port, ws: ws.port, http: http.port };
}

serveCommands({ start });
