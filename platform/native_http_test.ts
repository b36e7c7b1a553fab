import { test } from "node:test";
import { closeAll, pendingBytesMax, Probe } from "./contract/probe.ts";
import { selectPlatform } from "./select.ts";

const platform = await selectPlatform();

test("HttpServer.close() waits for no silent connection and no half request", async () => {
  const hostname = "127.0.0.1";
  const server = await platform.http.serve({ hostname, port: 0, fetch: () => new Response("hi") });
  const { port } = server.address;
  const client = new Probe();
  const dial = () => platform.streams.dial({ hostname, port, pendingBytesMax, handler: client });
  const [keptAlive, half] = [await dial(), await dial(), await dial()];
  const encoder = new TextEncoder();
  keptAlive.write(encoder.encode(`GET / HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`));
  half.write(encoder.encode(`GET / HTTP/1.1\r\nHo`));
  await client.until("an answer", () => {
    return new TextDecoder().decode(keptAlive.context.received()).endsWith("hi");
  });
  let closed = false;
  const closing = server.close().then(() => {
    closed = true;
    client.look();
  });
  await client.until("the server is closed", () => closed);
  await closing;
  // Bun lets a connection that never said anything be, and resets it at its first word.
  for (const conn of client.conns) conn.write(encoder.encode("GET / HTTP/1.1\r\n"));
  await client.until("its connections end", () => {
    return client.conns.every(({ context }) => context.ends + context.closes > 0);
  });
  await closeAll(client);
});
