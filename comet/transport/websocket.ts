import { type CloseCode, CloseCodes } from "../../protocol/close_codes.ts";
import { decodeFrame, newFrame, writeInt32 } from "../../protocol/frame.ts";
import { decodeJsonFrame, encodeJsonFrame } from "../../protocol/json_frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { type MessageSink, WebSocketDecoder } from "../../protocol/websocket/decoder.ts";
import { encodeClose, encodeMessage, encodePong } from "../../protocol/websocket/encoder.ts";
import { UpgradeParser } from "../../protocol/websocket/upgrade.ts";
import { refuseResponse } from "../../protocol/websocket/upgrade_response.ts";
import { type Channel, ChannelState, WireFormat } from "../channel.ts";
import { encodeBinary } from "../encoded_push.ts";
import { originCheck, type Origins } from "./origins.ts";
import { StreamTransport, type TransportDependencies } from "./transport.ts";

const REFUSED_ORIGIN = "Pages of this Origin must not connect: see the option origins.";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** WebSocket at `/sub`: goim frames in binary messages, or JSON frames in text messages. */
export class WebSocketTransport extends StreamTransport {
  readonly #messages: Messages;
  readonly #mayConnect: (host: string, origin: string) => boolean;

  constructor(parts: TransportDependencies, origins: Origins) {
    super(parts);
    this.#messages = new Messages(parts, (channel, bytes) => this.count(channel, bytes));
    this.#mayConnect = originCheck(origins);
  }

  protected decoder(): UpgradeParser {
    return new UpgradeParser(this.parts.buffers);
  }

  protected decode(channel: Channel, chunk: Uint8Array): number {
    if (channel.decoder instanceof WebSocketDecoder) {
      return channel.decoder.push(chunk, channel, this.#messages);
    }
    return this.#upgrade(channel, channel.decoder as UpgradeParser, chunk);
  }

  frame(channel: Channel, operation: number, sequence: number, body: Uint8Array): Uint8Array {
    if (channel.form === WireFormat.binary) return encodeBinary(operation, sequence, body);
    return encodeMessage(true, encoder.encode(encodeJsonFrame(operation, sequence, body)));
  }

  heartbeatReply(channel: Channel, sequence: number, online: number): Uint8Array {
    const body = new Uint8Array(4);
    writeInt32(body, 0, online);
    return this.frame(channel, Operation.HeartbeatReply, sequence, body);
  }

  farewell(channel: Channel, close: CloseCode): Uint8Array | undefined {
    return channel.decoder instanceof WebSocketDecoder ? encodeClose(close) : undefined;
  }

  #upgrade(channel: Channel, parser: UpgradeParser, chunk: Uint8Array): number {
    const result = parser.push(chunk);
    if (result === undefined) return chunk.length;
    if (!result.accepted) {
      if (result.status !== 200) this.parts.counters.protocolErrors++;
      return this.#end(channel, chunk, result.response);
    }
    if (!this.#mayConnect(result.host, result.origin)) {
      this.parts.counters.refusedOrigins++;
      return this.#end(channel, chunk, refuseResponse(403, REFUSED_ORIGIN));
    }
    this.parts.connections.write(channel, result.response);
    const messages = new WebSocketDecoder(this.parts.buffers);
    channel.decoder = messages;
    const rest = chunk.subarray(result.consumedBytes);
    return result.consumedBytes + messages.push(rest, channel, this.#messages);
  }

  /** Ends a connection that does not become a WebSocket with its answer in HTTP. */
  #end(channel: Channel, chunk: Uint8Array, response: Uint8Array): number {
    this.parts.connections.write(channel, response);
    this.parts.connections.close(channel, CloseCodes.protocolError);
    return chunk.length;
  }
}

/** What WebSocket messages mean; one object serves all channels. */
class Messages implements MessageSink<Channel> {
  readonly #decoded = newFrame();

  /** @param frame Counts a WebSocket frame; see {@linkcode MessageSink.frame}. */
  constructor(
    private readonly parts: TransportDependencies,
    readonly frame: (channel: Channel, bytes: number) => boolean,
  ) {}

  message(channel: Channel, isText: boolean, payload: Uint8Array): boolean {
    if (channel.state >= ChannelState.closing) return true;
    if (isText) decodeJsonFrame(decoder.decode(payload), this.#decoded);
    else decodeFrame(payload, this.#decoded);
    if (channel.state === ChannelState.handshaking) {
      channel.form = isText ? WireFormat.text : WireFormat.binary;
    }
    return this.parts.session.frame(channel, this.#decoded);
  }

  ping(channel: Channel, payload: Uint8Array): void {
    if (channel.state >= ChannelState.closing) return;
    this.parts.connections.write(channel, encodePong(payload));
  }

  pong(): void {}

  /** RFC 6455 section 5.5.1: the answer to a close frame carries the code that it came with. */
  close(channel: Channel, code: number): void {
    this.parts.connections.close(channel, { code, reason: "", reconnect: false });
  }
}
