import { createClient } from "@redis/client";
import type { RedisHost, RedisUrl } from "./redis_url.ts";

/** How the Sentinels are connected to. */
type SentinelOptions = Pick<
  Parameters<typeof createClient>[0] & object,
  "socket" | "pingInterval"
>;

/**
 * Asks for the present master: all Sentinels at once, since the machine that took a master with it
 * had one of them too, and would be waited for.
 *
 * @returns It, as the first Sentinel that answers knows it.
 * @throws {Error} When none answers, or knows the name.
 */
export async function askSentinels(
  { hosts, master }: RedisUrl,
  options: SentinelOptions,
): Promise<RedisHost> {
  const clients = hosts.map((host) => clientOf(host, options));
  const asked = clients.map(async (client) => {
    await client.connect();
    const found = await askFor(master, client);
    if (found === undefined) throw new Error(`no Sentinel knows "${master}"`);
    return found;
  });
  try {
    return await Promise.any(asked);
  } catch (error) {
    throw (error as AggregateError).errors[0];
  } finally {
    for (const client of clients) client.destroy();
  }
}

/**
 * Hears from each Sentinel whom it names as master: after a failover by hand the old one goes on
 * taking writes for some ten seconds, and forgets them then.
 */
export class SentinelWatch {
  readonly #clients: readonly Client[];

  /**
   * @param named Hears of each master that is named, the present one too after each connection.
   */
  constructor(
    { hosts, master }: RedisUrl,
    options: SentinelOptions,
    private readonly named: (host: RedisHost) => void,
  ) {
    const socket = { ...options.socket, reconnectStrategy: reconnectMs };
    this.#clients = hosts.map((host) => {
      const client = clientOf(host, { ...options, socket });
      // What was named while it was not connected is asked for.
      client.on("ready", () => void this.#ask(master, client));
      return client;
    });
    for (const client of this.#clients) void this.#watch(master, client);
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
  }

  async #watch(master: string, client: Client): Promise<void> {
    try {
      await client.connect();
      await client.subscribe("+switch-master", (message) => {
        const [name, , , host, port] = message.split(" ");
        if (name === master) this.named({ host, port: Number(port) });
      });
    } catch {
      // It was closed: all else is tried again.
    }
  }

  async #ask(master: string, client: Client): Promise<void> {
    try {
      const host = await askFor(master, client);
      if (host !== undefined) this.named(host);
    } catch {
      // It asks again when it is connected again.
    }
  }
}

type Client = ReturnType<typeof clientOf>;

/** Up to a second, ever longer. */
function reconnectMs(retries: number): number {
  return Math.min(50 * 2 ** retries, 1_000);
}

function clientOf({ host, port }: RedisHost, options: SentinelOptions) {
  const client = createClient({ ...options, socket: { ...options.socket, host, port } });
  client.on("error", () => {});
  return client;
}

async function askFor(
  master: string,
  client: { sendCommand(command: readonly string[]): Promise<unknown> },
): Promise<RedisHost | undefined> {
  const address = await client.sendCommand(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", master]);
  if (!Array.isArray(address)) return undefined;
  return { host: String(address[0]), port: Number(address[1]) };
}
