import { peerAddress } from "../peer_address.ts";
import { FlightConn, type FlightOwner } from "./flight_conn.ts";
import type { ReadBuffers } from "./read_buffers.ts";

/** What the connections of a listener, or of a dial, have in common. */
export interface DenoConnOwner<Context> extends FlightOwner<Context> {
  readonly readBuffers: ReadBuffers;
}

function isTcp(conn: Deno.TcpConn | Deno.UnixConn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

/**
 * A connection. `Deno.Conn` answers reads and writes by promises only, and writes that overlap
 * corrupt the stream; so there is one of each under way, answered by three functions made once.
 */
export class DenoConn<Context> extends FlightConn<Context, DenoConnOwner<Context>> {
  private buffer: Uint8Array<ArrayBuffer>;
  private reading = false;
  private paused = false;
  private peerEnded = false;
  private readonly onRead: (count: number | null) => void;
  private readonly onWritten: (count: number) => void;
  private readonly onFailed: () => void;

  constructor(
    private readonly conn: Deno.TcpConn | Deno.UnixConn,
    owner: DenoConnOwner<Context>,
  ) {
    super(owner);
    this.buffer = owner.readBuffers.first();
    this.onRead = this.afterRead.bind(this);
    this.onWritten = this.afterWrite.bind(this);
    this.onFailed = this.evict.bind(this);
    try {
      if (isTcp(conn)) conn.setNoDelay(true);
    } catch {
      // The peer has gone already; the first read says so.
    }
  }

  get remoteAddress(): string {
    return isTcp(this.conn) ? peerAddress(this.conn.remoteAddr.hostname) : "unix";
  }

  /** Tells the owner and begins to read. */
  start(): void {
    this.tell("open");
    this.read();
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.read();
  }

  protected shutdown(): void {
    this.conn.closeWrite().then(() => {
      if (this.peerEnded) this.evict();
    }, this.onFailed);
  }

  protected override terminate(): void {
    super.terminate();
    this.owner.readBuffers.release(this.buffer, this.reading);
    this.conn.close();
  }

  protected beginWrite(bytes: Uint8Array): void {
    this.conn.write(bytes).then(this.onWritten, this.onFailed);
  }

  private read(): void {
    if (this.reading || this.paused || this.peerEnded || this.over) return;
    this.reading = true;
    this.conn.read(this.buffer).then(this.onRead, this.onFailed);
  }

  private afterRead(count: number | null): void {
    this.reading = false;
    if (this.over) return;
    if (count === null) {
      this.peerEnded = true;
      // What is still to be written goes first; then `shutdown` closes.
      if (this.ending && !this.isWriting) this.evict();
      return this.receiveEnd();
    }
    const { buffer, owner } = this;
    this.receive(count === buffer.length ? buffer : buffer.subarray(0, count));
    if (this.over) return;
    this.buffer = owner.readBuffers.next(buffer, count);
    this.read();
  }
}
