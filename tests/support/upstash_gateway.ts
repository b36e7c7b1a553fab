/**
 * The REST protocol of Upstash in front of a Redis:
 * https://upstash.com/docs/redis/features/restapi
 *
 * @module
 */
import { createClient, RESP_TYPES } from "@redis/client";
import { type Context, Hono } from "hono";
import { serveTest } from "./http_server.ts";

/** A running gateway. */
export interface UpstashGateway {
  /** `http://127.0.0.1:…` */
  readonly url: string;
  readonly token: string;
  /** Requests with the right token so far. */
  readonly requests: number;
  close(): Promise<void>;
}

/** How a gateway is opened. */
export interface GatewayOptions {
  readonly token?: string;
  /** Whether it knows the header `Upstash-Encoding`; those that people run themselves may not. */
  readonly encodes?: boolean;
}

/** What Redis answers in RESP 2, strings as their bytes. */
type Answer = null | number | string | Uint8Array | readonly Answer[];

/** One command's answer, as the protocol has it. */
type Outcome = { readonly result: unknown } | { readonly error: string };

/**
 * Serves the REST protocol on a free port of this machine.
 *
 * @param redisUrl Where Redis is, `redis://…`.
 */
export async function openUpstashGateway(
  redisUrl: string,
  { token = "a token", encodes = true }: GatewayOptions = {},
): Promise<UpstashGateway> {
  const client = createClient({ url: redisUrl, RESP: 2, disableOfflineQueue: true })
    .withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  // Those who ask learn of it by their answers.
  client.on("error", () => {});
  await client.connect();
  let requests = 0;

  const execute = async (context: Context, command: unknown): Promise<Outcome> => {
    if (!Array.isArray(command) || command.length === 0) {
      return { error: "ERR failed to parse command" };
    }
    try {
      const answer = await client.sendCommand(command.map(String)) as Answer;
      const inBase64 = encodes && context.req.header("upstash-encoding") === "base64";
      return { result: encode(answer, inBase64) };
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  };

  const app = new Hono();
  app.use(async (context, next) => {
    if (context.req.header("authorization") !== `Bearer ${token}`) {
      return context.json({ error: "WRONGPASS invalid or missing auth token" }, 401);
    }
    requests++;
    await next();
  });
  app.post("/", async (context) => {
    const outcome = await execute(context, await context.req.json());
    return context.json(outcome, "error" in outcome ? 400 : 200);
  });
  app.post("/pipeline", async (context) => {
    const commands: unknown[] = await context.req.json();
    return context.json(await Promise.all(commands.map((command) => execute(context, command))));
  });

  const server = await serveTest((request) => app.fetch(request));
  return {
    url: `http://127.0.0.1:${server.address.port}`,
    token,
    get requests() {
      return requests;
    },
    close: async () => {
      await server.close();
      client.destroy();
    },
  };
}

/**
 * All text is encoded but for the status "OK"; where base64 is not asked for, bytes that are no
 * UTF-8 are lost.
 */
function encode(answer: Answer, inBase64: boolean): unknown {
  if (answer === null || typeof answer === "number" || answer === "OK") return answer;
  if (typeof answer === "string" || answer instanceof Uint8Array) {
    return Buffer.from(answer as Uint8Array).toString(inBase64 ? "base64" : "utf8");
  }
  return answer.map((part) => encode(part, inBase64));
}
