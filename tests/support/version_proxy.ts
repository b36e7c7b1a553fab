import { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { RpcMethod } from "../../protocol/cluster/calls.ts";
import { RpcOperation } from "../../rpc/frames.ts";
import { hex } from "./protocol.ts";
import { membersOf } from "./golden_messages.ts";
import { type RawFrame, rawFrame, readRawFrames } from "./raw_client.ts";

/**
 * Which end of a link is to look like one of the next version, and the other one like this version;
 * or each of the two like one of version 3 to the other.
 */
export type LaterEnd = "dialling" | "listening" | "neither";

/** What the next version may have added. */
const ADDED = [hex("fd 00000000"), hex("fe 00000004 7fffffff")];

/** Numbers of members, by method, that an earlier version than this one may not have had. */
const LACKING: Readonly<Record<number, readonly number[]>> = {
  [RpcMethod.connect]: [4, 5],
  [RpcMethod.report]: [5],
  [RpcMethod.register]: [3, 4, 5, 6, 7, 9, 10, 11],
};

/** The version that both ends speak where neither is later, and methods that it did not have. */
const EARLIER_VERSION = 3;
const LATER_METHODS: readonly number[] = [RpcMethod.publish, RpcMethod.renewAuth];

/** A method that no version has. */
const UNKNOWN_METHOD = 1_000_000;

/** Where the highest version stands in a hello and in its answer. */
const HIGHEST_OFFSET = 14;

/**
 * A TCP proxy between two roles that makes them look as if one were of the next version: it says so
 * in its hello, and every message of it that can grow has members that the other one does not know,
 * while messages of the other one lack members that could be missing.
 */
export class VersionProxy {
  /** Messages with members added, and messages with members taken out. */
  grown = 0;
  shrunk = 0;
  /** Bodies of the batches that passed. */
  readonly batches: Uint8Array[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(private readonly target: number, private readonly later: LaterEnd) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** Listens on a free port of this machine. @param target The port behind it. */
  static async start(target: number, later: LaterEnd): Promise<VersionProxy> {
    const proxy = new VersionProxy(target, later);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #serve(near: Socket): void {
    const far = connect({ host: "127.0.0.1", port: this.target });
    this.#pass(near, far, this.later === "dialling");
    this.#pass(far, near, this.later === "listening");
  }

  #pass(from: Socket, to: Socket, isLater: boolean): void {
    let bytes = Buffer.alloc(0);
    let isFirst = true;
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (chunk: Buffer) => {
      const { frames, rest } = readRawFrames(Buffer.concat([bytes, chunk]));
      bytes = Buffer.from(rest);
      for (const frame of frames) {
        const isUnknown = this.later === "neither" && LATER_METHODS.includes(frame.op);
        const op = isUnknown ? UNKNOWN_METHOD : frame.op;
        to.write(rawFrame(op, frame.seq, this.#changed(frame, isLater, isFirst)));
        isFirst = false;
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      this.#sockets.delete(from);
      to.end();
    });
  }

  #changed({ op, body }: RawFrame, isLater: boolean, isHello: boolean): Buffer {
    const isSign = op === RpcOperation.ping || op === RpcOperation.pong;
    if (op === RpcMethod.deliver) this.batches.push(Uint8Array.from(body));
    if (op === RpcMethod.deliver || isSign) return body;
    if (this.later === "neither") {
      if (isHello) body.writeInt32BE(EARLIER_VERSION, HIGHEST_OFFSET);
      return body;
    }
    if (isLater) {
      this.grown++;
      if (isHello) body.writeInt32BE(body.readInt32BE(HIGHEST_OFFSET) + 1, HIGHEST_OFFSET);
      return Buffer.concat([...ADDED, body, ...ADDED]);
    }
    const lacking = LACKING[op];
    if (lacking === undefined) return body;
    this.shrunk++;
    return Buffer.concat(membersOf(body).filter(([number]) => !lacking.includes(number)));
  }
}
