import { WriteOutcome } from "../../platform/port.ts";
import type { Channel } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { CometCounters } from "../counters.ts";

const encoder = new TextEncoder();

/** Writes what clients are answered. */
export class Replies {
  constructor(
    private readonly connections: ConnectionManager,
    private readonly counters: CometCounters,
  ) {}

  /**
   * Answers a request.
   *
   * @param operation That of the answer.
   * @param sequence That of the request.
   * @returns Whether it was written or queued; otherwise it is lost, and counted.
   */
  send(channel: Channel, operation: number, sequence: number, body: Uint8Array): boolean {
    return this.write(channel, channel.format.frame(operation, sequence, body));
  }

  /**
   * As `send`, with a body of JSON. A client to which that is lost would not know in which rooms it
   * is, and has to come back.
   */
  json(channel: Channel, operation: number, sequence: number, body: object): void {
    this.jsonText(channel, operation, sequence, JSON.stringify(body));
  }

  /** As `json`, with a body that is JSON text. */
  jsonText(channel: Channel, operation: number, sequence: number, body: string): void {
    const bytes = encoder.encode(body);
    if (!this.send(channel, operation, sequence, bytes)) this.connections.closeSlow(channel);
  }

  /** Writes an encoded frame. */
  write(channel: Channel, bytes: Uint8Array): boolean {
    if (this.connections.write(channel, bytes) !== WriteOutcome.dropped) return true;
    this.counters.framesDropped++;
    return false;
  }
}
