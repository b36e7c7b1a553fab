import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseAddress } from "../../options/address.ts";
import { KEPT_ROOMS, LogTraffic, type LogTrafficOptions } from "./log_traffic.ts";
import { childrenOf, isRunning } from "./processes.ts";
import { ANY_PORT, RoleProcess } from "./role_process.ts";

/** What a server with history is told, and who uses it. */
export interface KeptServerOptions extends Omit<LogTrafficOptions, "comets" | "logics"> {
  readonly workers?: number;
  /** Whether it keeps what was pushed in a folder. */
  readonly hasData?: boolean;
}

/** What a server of one program is told. */
export interface ServerProcessOptions {
  /** Its file. */
  readonly config: string;
  /** Whether it keeps what was pushed in a folder. */
  readonly hasData: boolean;
  readonly workers?: number;
}

/** Runs a server of one program, and ends it with all it has. */
export async function withServerProcess(
  { config: text, hasData, workers = 0 }: ServerProcessOptions,
  use: (server: RoleProcess) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "halley-kept-"));
  const config = join(folder, "halley.toml");
  await writeFile(config, text);
  const server = new RoleProcess({
    command: "start",
    name: "server",
    flags: {
      config,
      ...(hasData ? { data: join(folder, "data") } : {}),
      ...{ tcp: ANY_PORT, ws: ANY_PORT, http: ANY_PORT, workers: String(workers) },
    },
    upMessage: "listening",
  });
  let children: number[] = [];
  try {
    await server.start();
    await use(server);
  } catch (error) {
    console.log(server.tail());
    throw error;
  } finally {
    if (server.pid !== undefined) children = await childrenOf(server.pid);
    await server.kill();
    for (const pid of children) if (await isRunning(pid)) process.kill(pid, "SIGKILL");
    await rm(folder, { recursive: true });
  }
}

/** Runs such a server, whose rooms keep history, under load. */
export async function withKeptServer(
  { hasData = false, workers, ...load }: KeptServerOptions,
  use: (server: RoleProcess, traffic: LogTraffic) => Promise<void>,
): Promise<void> {
  await withServerProcess({ config: KEPT_ROOMS, hasData, workers }, async (server) => {
    const { tcp, websocket, http } = server.addresses;
    const { hostname, port } = new URL(http);
    const traffic = new LogTraffic({
      comets: [{ tcp: parseAddress(tcp)!.port, ws: Number(new URL(websocket).port) }],
      logics: [{ hostname, port: Number(port) }],
      ...load,
    });
    try {
      await traffic.start();
      await use(server, traffic);
    } finally {
      await traffic.stop();
    }
  });
}
