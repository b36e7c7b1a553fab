import type { Buffer } from "node:buffer";
import type { TLSSocket } from "node:tls";
import type { AcceptCounters } from "../port.ts";
import { reportTlsFailure } from "../tls.ts";
import { FlightConn, type FlightOwner } from "./flight_conn.ts";
import type { RawStream } from "./raw_stream.ts";

/** A socket that knows its connection. */
type OwnedSocket<Context> = TLSSocket & { conn?: TlsConn<Context> };

/** What the connections over TLS of a listener, or of a dial, have in common. */
export interface TlsConnOwner<Context> extends FlightOwner<Context> {
  readonly counters?: AcceptCounters;
}

/** A connection over TLS, of `node:tls`: `Deno.listenTls` knows neither SNI nor TCP_NODELAY. */
export class TlsConn<Context> extends FlightConn<Context, TlsConnOwner<Context>> {
  /** Whether the handshake is over. */
  secured = false;
  readonly remoteAddress: string;
  private readonly onWritten: (error?: Error | null) => void;

  private hasEnded = false;

  /**
   * @param socket TLS.
   * @param raw What is below.
   */
  constructor(
    private readonly socket: OwnedSocket<Context>,
    private readonly raw: RawStream,
    owner: TlsConnOwner<Context>,
  ) {
    super(owner);
    this.remoteAddress = raw.remoteAddress;
    this.onWritten = this.written.bind(this);
    socket.conn = this;
    socket.on("secure", onSecure).on("error", onError);
    socket.on("data", onData).on("end", onEnd).on("close", onClose);
  }

  /** Tells the owner. */
  start(): void {
    this.tell("open");
  }

  pause(): void {
    if (this.over || this.hasEnded) return;
    this.socket.pause();
    this.raw.readStop();
  }

  resume(): void {
    if (this.over || this.hasEnded) return;
    this.raw.readStart();
    this.socket.resume();
  }

  received(chunk: Uint8Array): void {
    this.receive(chunk);
  }

  peerEnded(): void {
    this.hasEnded = true;
    this.receiveEnd();
  }

  failed(error: Error): void {
    const { secured, over, owner, remoteAddress } = this;
    if (!secured && !over) reportTlsFailure(owner.counters, remoteAddress, error);
    this.evict();
  }

  protected shutdown(): void {
    if (this.secured) this.socket.end();
    else this.raw.end();
  }

  protected override terminate(): void {
    super.terminate();
    this.socket.destroy();
    this.raw.destroy();
  }

  /** The handshake is over: what was written before it leaves. */
  secure(): void {
    this.secured = true;
    if (this.flight !== null) this.beginWrite(this.flight);
  }

  /** Bytes wait for the handshake: while a name is being looked up a write of Deno fails (EPERM). */
  protected beginWrite(bytes: Uint8Array): void {
    if (this.secured) this.socket.write(bytes, this.onWritten);
  }

  private written(error?: Error | null): void {
    if (this.over) return;
    if (error === null || error === undefined) this.afterWrite(this.flight!.length);
    else this.evict();
  }
}

// Functions that all sockets share: a connection has one closure alone.

function onSecure(this: OwnedSocket<unknown>): void {
  this.conn!.secure();
}

function onData(this: OwnedSocket<unknown>, { buffer, byteOffset, length }: Buffer): void {
  // As on other connections: the `slice` of node's buffers copies nothing.
  this.conn!.received(new Uint8Array(buffer, byteOffset, length));
}

function onEnd(this: OwnedSocket<unknown>): void {
  this.conn!.peerEnded();
}

function onClose(this: OwnedSocket<unknown>): void {
  this.conn!.evict();
}

function onError(this: OwnedSocket<unknown>, error: Error): void {
  this.conn!.failed(error);
}
