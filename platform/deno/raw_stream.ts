import { Duplex } from "node:stream";
import { peerAddress } from "../peer_address.ts";
import type { ReadBuffers } from "./read_buffers.ts";

type Done = (error?: Error | null) => void;

/**
 * A connection of Deno as `node:tls` takes what is below it, which reads only while it may: a TLS
 * socket of Deno that is paused reads on, and keeps what it has read without limit. (A server of
 * `node:net`, the other thing that could be below, accepts nobody any more once descriptors have
 * run out.)
 */
export class RawStream extends Duplex {
  private buffer: Uint8Array<ArrayBuffer>;
  private reading = false;
  private stopped = false;
  private hasEnded = false;
  private readonly onRead: (count: number | null) => void;
  private readonly onFailed: () => void;

  constructor(
    private readonly conn: Deno.TcpConn,
    private readonly readBuffers: ReadBuffers,
  ) {
    super({ allowHalfOpen: true });
    this.buffer = readBuffers.first();
    this.onRead = this.afterRead.bind(this);
    this.onFailed = this.destroy.bind(this, undefined);
    try {
      conn.setNoDelay(true);
    } catch {
      // The peer has gone already; the first read says so.
    }
  }

  get remoteAddress(): string {
    return peerAddress(this.conn.remoteAddr.hostname);
  }

  /** Reads no more, so that the kernel holds the peer back. */
  readStop(): void {
    this.stopped = true;
  }

  readStart(): void {
    this.stopped = false;
    this._read();
  }

  override _read(): void {
    if (this.reading || this.stopped || this.hasEnded || this.destroyed) return;
    this.reading = true;
    this.conn.read(this.buffer).then(this.onRead, this.onFailed);
  }

  override _write(chunk: Uint8Array, _: string, done: Done): void {
    this.conn.write(chunk).then((count) => {
      if (count < chunk.length) this._write(chunk.subarray(count), _, done);
      else done();
    }, done);
  }

  override _final(done: Done): void {
    this.conn.closeWrite().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: Done): void {
    this.readBuffers.release(this.buffer, this.reading);
    this.conn.close();
    done(error);
  }

  private afterRead(count: number | null): void {
    this.reading = false;
    if (this.destroyed) return;
    if (count === null) {
      this.hasEnded = true;
      this.push(null);
      return;
    }
    const { buffer } = this;
    this.buffer = this.readBuffers.next(buffer, count);
    // Who reads keeps it, and the buffer is used again.
    if (this.push(buffer.slice(0, count))) this._read();
  }
}
