/** A child process that is a hostile client: it sends as fast as it can, and comes back at once. */
import { connect, type Socket } from "node:net";
import { encodeAuth, encodeHeartbeat } from "../client/codec.ts";
import { encodePublish } from "../client/rooms.ts";
import { clientMessage, upgradeRequest } from "../client/stream.ts";
import { EMPTY } from "../protocol/frame.ts";
import { Opcode } from "../protocol/websocket/opcode.ts";
import { serveCommands } from "./child.ts";

/** What a flooder sends without end. */
export type FloodKind = "TCP frames" | "WebSocket frames" | "WebSocket pings" | "messages";

/** Whom it floods, and with what. */
export interface FloodArgument {
  readonly kind: FloodKind;
  readonly port: number;
}

const BLOB_FRAMES = 4_000;
const HEARTBEAT = encodeHeartbeat(1);
const UPGRADE = upgradeRequest();
const ROOM = "bench://flooders";
const AUTH = encodeAuth({ mid: 1, room: ROOM, platform: "bench" });
const EXTENDED_AUTH = encodeAuth({ mid: 1, room: ROOM, platform: "bench", features: [] });

const beginnings: Readonly<Record<FloodKind, Uint8Array[]>> = {
  "TCP frames": [AUTH],
  "WebSocket frames": [UPGRADE, clientMessage(AUTH)],
  "WebSocket pings": [UPGRADE, clientMessage(AUTH)],
  "messages": [EXTENDED_AUTH],
};

const floods: Readonly<Record<FloodKind, Uint8Array>> = {
  "TCP frames": HEARTBEAT,
  "WebSocket frames": clientMessage(HEARTBEAT),
  "WebSocket pings": clientMessage(EMPTY, Opcode.ping),
  "messages": encodePublish({ room: ROOM, body: { t: "buy this now" }, media_ms: 61_500 }),
};

let socket: Socket | undefined;
let isFlooding = false;

function flood({ kind, port }: FloodArgument): void {
  isFlooding = true;
  const one = floods[kind];
  const blob = new Uint8Array(one.length * BLOB_FRAMES);
  for (let at = 0; at < blob.length; at += one.length) blob.set(one, at);
  const begin = () => {
    const opened = socket = connect({ port, host: "127.0.0.1" });
    const send = () => {
      while (opened.writable && opened.write(blob));
    };
    // Who floods before its auth is answered is closed for that.
    let begun = 0;
    const goOn = () => {
      if (begun < beginnings[kind].length) opened.write(beginnings[kind][begun]);
      else if (begun === beginnings[kind].length) send();
      begun++;
    };
    opened.on("connect", goOn);
    opened.on("data", goOn);
    opened.on("drain", () => begun > beginnings[kind].length && send());
    opened.on("error", () => {});
    opened.on("close", () => isFlooding && begin());
  };
  begin();
}

function stop(): void {
  isFlooding = false;
  socket?.destroy();
}

serveCommands({ flood, stop });
