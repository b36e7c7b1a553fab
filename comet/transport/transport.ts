import { getLogger } from "@logtape/logtape";
import type { Conn, ConnHandler } from "../../platform/port.ts";
import { type CloseCode, CloseCodes, ProtocolError } from "../../protocol/close_codes.ts";
import { Limits } from "../../protocol/limits.ts";
import type { BufferPool } from "../buffer_pool.ts";
import { type Channel, ChannelState, type Transport } from "../channel.ts";
import type { CometCounters } from "../counters.ts";
import type { Refusal } from "../door/refusal.ts";
import type { WireFormat } from "../format/wire_format.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { ClientProtocol } from "../client_protocol.ts";
import type { OperationLimit } from "./operation_limit.ts";
import type { ReadScheduler } from "./read_scheduler.ts";
import { PipelineBuffer } from "./pipeline_buffer.ts";

const log = getLogger(["halley", "comet"]);

/**
 * Bytes beyond the buffer pool from which on nobody may have more than `pipelinedBytesMax` kept.
 * Bun reads up to 512 KiB at a time: without it, 10,000 clients that send so much have 5 GB kept.
 */
export const LONG_PIPELINES_BYTES_MAX = 32 * 1024 * 1024;

/** Dependencies of every transport. */
export interface TransportDependencies {
  readonly protocol: ClientProtocol;
  readonly connections: ConnectionManager;
  readonly counters: CometCounters;
  readonly buffers: BufferPool;
  readonly reads: ReadScheduler;
  readonly operations: OperationLimit;
}

type ClientConn = Conn<Channel | undefined>;

/** The part that transports share: from a connection's bytes to what they mean, and its end. */
export abstract class StreamTransport implements Transport, ConnHandler<Channel | undefined> {
  constructor(protected readonly dependencies: TransportDependencies) {}

  /**
   * Decodes bytes and hands frames to the client protocol.
   *
   * @returns Bytes consumed: all, unless it asked to stop.
   * @throws {ProtocolError} When the peer breaks the protocol.
   */
  protected abstract decode(channel: Channel, chunk: Uint8Array): number;
  abstract readonly format: WireFormat;
  abstract readonly ping: Uint8Array | undefined;
  abstract decoder(): { close(): void };
  abstract refusal(refusal: Refusal): Uint8Array;
  abstract farewell(channel: Channel, close: CloseCode): Uint8Array | undefined;

  open(conn: ClientConn): void {
    this.dependencies.connections.open(conn, this, this.clientOf(conn.remoteAddress));
  }

  /**
   * Takes a channel whose connection began with something else, and turns it away where its client
   * may not come in.
   *
   * @param peer IP address of who has said the rest of it.
   */
  begin(channel: Channel, peer: string): void {
    channel.decoder = this.decoder();
    const client = this.clientOf(peer);
    if (client === undefined) channel.remoteAddress = peer;
    else this.dependencies.connections.door.addressed(channel, client);
  }

  /** Whose a connection is, unless a proxy is still to say so; @param peer as for `begin`. */
  protected clientOf(peer: string): string | undefined {
    return peer;
  }

  data(conn: ClientConn, chunk: Uint8Array): void {
    const channel = conn.context;
    const { reads, connections } = this.dependencies;
    if (channel === undefined) return connections.door.refusals.received(conn, chunk);
    if (channel.state >= ChannelState.closing) return this.#discard(channel, chunk);
    const mustWait = channel.busy || channel.pipelined !== null || reads.hasHadShare(channel);
    const consumed = mustWait ? 0 : this.#consume(channel, chunk);
    if (consumed < chunk.length) this.#keep(channel, chunk.subarray(consumed));
  }

  drain(conn: ClientConn): void {
    if (conn.context !== undefined) this.dependencies.connections.drained(conn.context);
  }

  end(conn: ClientConn): void {
    if (conn.context !== undefined) {
      this.dependencies.connections.close(conn.context, CloseCodes.normal);
    }
  }

  close(conn: ClientConn): void {
    const { connections } = this.dependencies;
    if (conn.context === undefined) connections.door.refusals.closed(conn);
    else connections.closed(conn.context);
  }

  resume(channel: Channel): void {
    if (channel.state >= ChannelState.closing) return channel.conn.resume();
    const { pipelined } = channel;
    if (pipelined === null) return;
    while (!channel.busy && channel.state < ChannelState.closing) {
      const bytes = pipelined.bytes;
      if (bytes.length === 0) {
        pipelined.release();
        channel.pipelined = null;
        channel.conn.resume();
        return;
      }
      if (this.dependencies.reads.hasHadShare(channel)) {
        return this.dependencies.reads.wait(channel);
      }
      pipelined.consume(this.#consume(channel, bytes));
    }
  }

  /**
   * Counts a frame of any kind before it is handled; one too many closes its connection.
   *
   * @param bytes Length of its body or payload, in bytes.
   * @returns Whether the next one may follow at once.
   */
  protected count(channel: Channel, bytes: number): boolean {
    if (channel.state >= ChannelState.closing) return false;
    if (!this.dependencies.operations.admit(channel)) {
      this.dependencies.counters.tooManyOperations++;
      this.dependencies.connections.close(channel, CloseCodes.tooManyOperations);
      return false;
    }
    return this.dependencies.reads.spend(channel, bytes);
  }

  #consume(channel: Channel, chunk: Uint8Array): number {
    if (channel.state === ChannelState.handshaking) this.dependencies.reads.welcome();
    try {
      return this.decode(channel, chunk);
    } catch (error) {
      this.#fail(channel, error);
      return chunk.length;
    }
  }

  /**
   * Keeps what came behind an unanswered request, or beyond the share of this turn, and lets the
   * kernel hold the rest back. The latter is one chunk as the runtime reads it, whatever its length,
   * as long as few connections have such long ones.
   */
  #keep(channel: Channel, chunk: Uint8Array): void {
    if (channel.state >= ChannelState.closing) return;
    const keptBytes = channel.pipelined === null ? 0 : channel.pipelined.bytes.length;
    const isLong = keptBytes + chunk.length > Limits.pipelinedBytesMax;
    if (
      isLong &&
      (channel.busy || this.dependencies.buffers.overflowBytes >= LONG_PIPELINES_BYTES_MAX)
    ) {
      this.dependencies.counters.tooFarAhead++;
      this.dependencies.connections.close(channel, CloseCodes.tooFarAhead);
      return;
    }
    if (channel.pipelined === null) {
      channel.conn.pause();
      channel.pipelined = new PipelineBuffer(this.dependencies.buffers, chunk.length);
      if (!channel.busy) this.dependencies.reads.wait(channel);
    }
    channel.pipelined.append(chunk);
  }

  /** What a client sends that was told to go: it is read on, so that its end is seen. */
  #discard(channel: Channel, chunk: Uint8Array): void {
    if (this.dependencies.reads.spend(channel, chunk.length)) return;
    channel.conn.pause();
    this.dependencies.reads.wait(channel);
  }

  #fail(channel: Channel, error: unknown): void {
    if (error instanceof ProtocolError) {
      this.dependencies.counters.protocolErrors++;
      log.debug("closing connection {id}: {message}", { id: channel.id, message: error.message });
      this.dependencies.connections.close(channel, error.close);
      return;
    }
    log.error("closing connection {id} for a fault of the server: {error}", {
      id: channel.id,
      error,
    });
    this.dependencies.connections.close(channel, CloseCodes.internalError);
  }
}
