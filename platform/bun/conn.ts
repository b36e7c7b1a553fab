import { type ConnOwner, QueuedConn } from "../queued_conn.ts";
import { peerAddress } from "../peer_address.ts";
import type { BunSocket, BunSocketHandlers } from "./api.ts";

/** A connection of `Bun.listen` or `Bun.connect`. */
export class BunConn<Context> extends QueuedConn<Context> {
  constructor(private readonly socket: BunSocket<BunConn<Context>>, owner: ConnOwner<Context>) {
    super(owner);
  }

  /** Callbacks that make a connection of each socket. */
  static handlers<Context>(owner: ConnOwner<Context>): BunSocketHandlers<BunConn<Context>> {
    return {
      binaryType: "uint8array",
      open(socket) {
        socket.data = new BunConn(socket, owner);
        socket.setNoDelay(true);
        socket.data.tell("open");
      },
      data: (socket, chunk) => socket.data.receive(chunk),
      drain: (socket) => socket.data.flush(),
      end: (socket) => socket.data.receiveEnd(),
      close: (socket) => socket.data.closed(),
    };
  }

  get isOver(): boolean {
    return this.over;
  }

  get remoteAddress(): string {
    return peerAddress(this.socket.remoteAddress ?? "unix");
  }

  pause(): void {
    if (!this.over) this.socket.pause();
  }

  resume(): void {
    if (!this.over) this.socket.resume();
  }

  protected writeSome(bytes: Uint8Array): number {
    return this.socket.write(bytes);
  }

  protected shutdown(): void {
    this.socket.shutdown();
  }

  protected terminate(): void {
    this.socket.terminate();
  }
}
