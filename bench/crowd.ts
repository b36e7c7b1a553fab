/** A child process that is a crowd: many clients, or many that are none, that come all at once. */
import { constants, setPriority } from "node:os";
import { encodeAuth } from "../client/codec.ts";
import { clientMessage, upgradeRequest } from "../client/stream.ts";
import { randomBelow, seededPrng } from "../base/prng.ts";
import type { Conn } from "../platform/port.ts";
import { selectPlatform } from "../platform/select.ts";
import { serveCommands } from "./child.ts";

/** What a crowd sends: auths over TCP or WebSocket, or random bytes. */
export type CrowdKind = "TCP" | "WebSocket" | "garbage";

/** A crowd that is to come. */
export interface CrowdArgument {
  readonly kind: CrowdKind;
  readonly port: number;
  readonly count: number;
  readonly seed: number;
}

/** What became of a crowd. */
export interface CrowdReport {
  /** Authenticated. */
  entered: number;
  /** Turned away and told when to come back. */
  told: number;
  /** Closed without a word, as garbage is. */
  untold: number;
  /** Went by themselves. */
  cut: number;
  /** Not even connected. */
  failed: number;
}

/** How far one of a crowd has come. */
interface Visitor {
  readonly index: number;
  isUpgraded: boolean;
  isDone: boolean;
}

const GARBAGE_BYTES_MAX = 2_000;

let conns: Conn<Visitor>[] = [];

function garbage(seed: number): Uint8Array {
  const prng = seededPrng(seed);
  return Uint8Array.from(
    { length: 1 + randomBelow(prng, GARBAGE_BYTES_MAX) },
    () => prng.nextUint32(),
  );
}

/** The crowd comes, and tells what became of each when that is known of all. */
async function come({ kind, port, count, seed }: CrowdArgument): Promise<CrowdReport> {
  const { streams } = await selectPlatform();
  const report: CrowdReport = { entered: 0, told: 0, untold: 0, cut: 0, failed: 0 };
  const done = Promise.withResolvers<void>();
  let left = count;
  const settle = (visitor: Visitor, as: keyof CrowdReport) => {
    if (visitor.isDone) return;
    visitor.isDone = true;
    report[as]++;
    if (--left === 0) done.resolve();
  };
  const upgrade = upgradeRequest();
  const auth = (index: number) =>
    encodeAuth({
      mid: seed * count + index + 1,
      room: `crowd://${index % 100}`,
      platform: "bench",
    });
  const handler = {
    data(conn: Conn<Visitor>, chunk: Uint8Array) {
      const visitor = conn.context;
      if (visitor === undefined || kind === "garbage") return;
      const text = String.fromCharCode(...chunk.subarray(0, 12));
      if (kind === "WebSocket" && !visitor.isUpgraded) {
        if (!text.endsWith("101")) return settle(visitor, "told");
        visitor.isUpgraded = true;
        conn.write(clientMessage(auth(visitor.index)));
      } else if (kind === "WebSocket") settle(visitor, "entered");
      else settle(visitor, chunk[11] === 6 ? "told" : "entered");
    },
    drain() {},
    end: (conn: Conn<Visitor>) => conn.end(),
    close(conn: Conn<Visitor>) {
      if (conn.context !== undefined) settle(conn.context, "untold");
    },
  };
  for (let index = 0; index < count; index++) {
    const visitor = { index, isUpgraded: false, isDone: false };
    // A server that turns one away may speak before the dial settles.
    const open = (conn: Conn<Visitor>) => void (conn.context = visitor);
    const own = { ...handler, open };
    streams.dial<Visitor>({ hostname: "127.0.0.1", port, pendingBytesMax: 4096, handler: own })
      .then(
        (conn) => {
          conns.push(conn);
          if (kind === "WebSocket") conn.write(upgrade);
          else if (kind === "TCP") conn.write(auth(index));
          else {
            const bytes = garbage(seed * count + index);
            const isCut = index % 2 === 1;
            conn.write(isCut ? bytes.subarray(0, bytes.length >> 1) : bytes);
            if (!isCut) return;
            settle(visitor, "cut");
            conn.evict();
          }
        },
        () => settle(visitor, "failed"),
      );
  }
  await done.promise;
  return report;
}

function leave(): void {
  for (const conn of conns) conn.evict();
  conns = [];
}

// It stands for other machines, whose processors it must not take from the server.
setPriority(constants.priority.PRIORITY_LOW);

serveCommands({ come, leave });
