import { createRequire } from "node:module";
import type { Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { WebSocket } from "ws";

/** What decodes frames inside the `ws` package. */
export interface Receiver extends Writable {
  on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): this;
  on(event: "ping" | "pong", listener: (data: Uint8Array) => void): this;
  on(event: "finish", listener: (code: number, reason: Uint8Array) => void): this;
  on(event: string, listener: (...args: never[]) => void): this;
}

/** The parts of the `ws` package that serve as oracles. */
interface WsPackage {
  readonly WebSocket: typeof WebSocket;
  readonly Receiver: new (options: { isServer: boolean; maxPayload: number }) => Receiver;
}

/**
 * The `ws` package as installed. Bun puts a stand-in of its own in the place of `import "ws"`, but
 * not where the file is named.
 */
export const wsPackage: WsPackage = createRequire(import.meta.url)(
  fileURLToPath(new URL("../../node_modules/ws/index.js", import.meta.url)),
);
