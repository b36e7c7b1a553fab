/** A child process of many clients that authenticate, count what they get, and may beat. */
import { type Conn, type ConnHandler } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { encodeAuth, encodeHeartbeat } from "../client/codec.ts";
import {
  clientMessage,
  type MessageSink,
  ServerMessages,
  upgradeRequest,
} from "../client/stream.ts";
import { EMPTY, forEachFrame } from "../protocol/frame.ts";
import { Opcode } from "../protocol/websocket/opcode.ts";
import { serveCommands } from "./child.ts";

/** How a client begins. */
type ClientKind = "bare" | "tcp" | "websocket" | "socketio";

/** What the parent asks for. */
interface OpenArgument {
  readonly kind: ClientKind;
  readonly port: number;
  readonly clients: number;
  /** Room of every client, or empty. */
  readonly room: string;
  /** Whether pushes are counted beside bytes; over WebSocket alone. */
  readonly countsPushes?: boolean;
}

const AUTH_TIMEOUT_MS = 60_000;

const UPGRADE = upgradeRequest();

/** How a client of Socket.IO begins: Engine.IO 4 over WebSocket, without polling before it. */
const SOCKETIO_UPGRADE = upgradeRequest("localhost", "/socket.io/?EIO=4&transport=websocket");

/** Its "connect to the default namespace". */
const SOCKETIO_CONNECT = clientMessage(new TextEncoder().encode("40"), Opcode.text);

const { streams } = await selectPlatform();
const conns: Conn[] = [];
let bytesReceived = 0;
let pushesReceived = 0;
let answered = 0;

/** What clients over WebSocket that count pushes have got of their next message. */
const messages = new Map<Conn, ServerMessages>();

/** Counts the pushes in a message of Halley: frames in a frame of operation 9. */
const counter: MessageSink<undefined> = {
  message: (_, opcode, payload) => {
    if (opcode === Opcode.binary) {
      forEachFrame(payload, ({ body }) => forEachFrame(body, () => pushesReceived++));
    }
  },
};

const handler: ConnHandler = {
  open() {},
  data(conn, chunk) {
    bytesReceived += chunk.length;
    if (conn.context === "counting") return messages.get(conn)!.push(chunk, undefined, counter);
    if (conn.context === "authenticating") {
      conn.context = "open";
      answered++;
    } else if (conn.context === "open" && chunk[0] === PING_BYTE) {
      conn.write(PONG);
    } else if (conn.context === "engine") {
      conn.context = "authenticating";
      conn.write(SOCKETIO_CONNECT);
    } else if (conn.context === "upgrading") {
      conn.context = "authenticating";
      conn.write(clientMessage(auth()));
    }
    if (conn.context === "open" && messages.has(conn)) conn.context = "counting";
  },
  drain() {},
  end(conn) {
    conn.end();
  },
  close() {},
};

/** How a ping begins, and a pong without payload. */
const PING_BYTE = 0x89;
const PONG = clientMessage(EMPTY, Opcode.pong);

let mid = 0;
let room = "";
function auth(): Uint8Array {
  return encodeAuth({ mid: ++mid, room, platform: "bench", accepts: [1000] });
}

async function open(argument: OpenArgument): Promise<void> {
  room = argument.room;
  const target = answered + (argument.kind === "bare" ? 0 : argument.clients);
  for (let index = 0; index < argument.clients; index++) {
    const conn = await streams.dial({
      hostname: "127.0.0.1",
      port: argument.port,
      pendingBytesMax: 65536,
      handler,
    });
    conns.push(conn);
    if (argument.kind === "bare") continue;
    if (argument.countsPushes && argument.kind === "websocket") {
      messages.set(conn, new ServerMessages());
    }
    if (argument.kind === "tcp") conn.context = "authenticating";
    else conn.context = argument.kind === "socketio" ? "engine" : "upgrading";
    if (argument.kind === "tcp") conn.write(auth());
    else conn.write(argument.kind === "socketio" ? SOCKETIO_UPGRADE : UPGRADE);
  }
  await until(() => answered >= target, AUTH_TIMEOUT_MS);
}

async function until(holds: () => boolean, timeoutMs: number): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  while (!holds()) {
    if (performance.now() > endMs) throw new Error(`gave up after ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Beats on all connections in turn, evenly over time. */
function beat(
  argument: { perSecond: number; seconds: number; websocket: boolean },
): Promise<number> {
  const frame = encodeHeartbeat(7);
  const bytes = argument.websocket ? clientMessage(frame) : frame;
  const startMs = performance.now();
  let sent = 0;
  return new Promise((resolve) => {
    const timer = setInterval(() => {
      const elapsedS = Math.min(argument.seconds, (performance.now() - startMs) / 1000);
      const due = Math.floor(elapsedS * argument.perSecond);
      for (; sent < due; sent++) conns[sent % conns.length].write(bytes);
      if (elapsedS < argument.seconds) return;
      clearInterval(timer);
      resolve(sent);
    }, 10);
  });
}

serveCommands({
  open,
  beat,
  received: () => bytesReceived,
  pushesReceived: () => pushesReceived,
  untilReceived: (argument: { bytes: number }) =>
    until(() => bytesReceived >= argument.bytes, 60_000),
});
