/** A child process that is a Socket.IO server; everyone who connects is in one room. */
import { once } from "node:events";
import { createServer } from "node:http";
import { Server } from "socket.io";
import { serveCommands } from "./child.ts";

const http = createServer();
// As lean as its options make it: WebSocket alone, no compression.
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false });
io.on("connection", (socket) => void socket.join("room"));

async function listen(): Promise<{ port: number }> {
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  return { port: (http.address() as { port: number }).port };
}

/** Sends one message to the room, so many times a second. */
async function emitAtRate(
  { rate, seconds, bytes }: { rate: number; seconds: number; bytes: number },
): Promise<void> {
  const text = "x".repeat(bytes);
  const startMs = performance.now();
  for (let push = 0; push < rate * seconds; push++) {
    const waitMs = startMs + push * 1_000 / rate - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    io.to("room").emit("m", text);
    if (performance.now() - startMs > 1_000 * seconds) return;
    await new Promise((resolve) => setTimeout(resolve));
  }
}

serveCommands({ listen, emitAtRate });
