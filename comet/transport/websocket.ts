import { type CloseCode, CloseCodes } from "../../protocol/close_codes.ts";
import { EMPTY, newFrame } from "../../protocol/frame.ts";
import { CLOSE, healthRoute, HttpFront, refuse } from "../../protocol/http/front.ts";
import { clientAddress } from "../../protocol/http/client_address.ts";
import { type HttpFields, singleField } from "../../protocol/http/head.ts";
import type { Networks } from "../../protocol/networks.ts";
import { HttpError } from "../../protocol/http/status.ts";
import { originCheck, type Origins } from "../../protocol/origins.ts";
import { type MessageSink, WebSocketDecoder } from "../../protocol/websocket/decoder.ts";
import { encodeClose, encodeControl } from "../../protocol/websocket/encoder.ts";
import { Opcode } from "../../protocol/websocket/opcode.ts";
import { upgradeRoute } from "../../protocol/websocket/upgrade.ts";
import { type Channel, ChannelState } from "../channel.ts";
import type { Refusal } from "../door/refusal.ts";
import { goimMessages } from "../format/goim.ts";
import { jsonMessages } from "../format/json.ts";
import { authHeaders } from "./auth_headers.ts";
import { StreamTransport, type TransportDependencies } from "./transport.ts";

const REFUSED_ORIGIN = "Pages of this Origin must not connect: see the option origins.";

/** What is served where WebSocket clients connect. */
const ROUTES = [upgradeRoute, healthRoute];

const PING = encodeControl(Opcode.ping, EMPTY);

/** WebSocket at `/sub`: goim frames in binary messages, or JSON frames in text messages. */
export class WebSocketTransport extends StreamTransport {
  readonly format = goimMessages;
  readonly ping = PING;
  readonly #messages: Messages;
  #origins: Origins | undefined;
  #isAllowed!: (host: string, origin: string) => boolean;

  /** @param proxies Who says in the upgrade from where a client comes. */
  constructor(dependencies: TransportDependencies, private readonly proxies: Networks) {
    super(dependencies);
    this.#messages = new Messages(dependencies, (channel, bytes) => this.count(channel, bytes));
  }

  decoder(): HttpFront {
    return new HttpFront(this.dependencies.buffers, ROUTES);
  }

  /** That of a proxy is not the client's, which the upgrade says. */
  protected override clientOf(peer: string): string | undefined {
    return this.proxies.has(peer) ? undefined : peer;
  }

  protected decode(channel: Channel, chunk: Uint8Array): number {
    if (channel.decoder instanceof WebSocketDecoder) {
      return channel.decoder.push(chunk, channel, this.#messages);
    }
    return this.#upgrade(channel, channel.decoder as HttpFront, chunk);
  }

  refusal({ close, status, retryMs }: Refusal): Uint8Array {
    return refuse(status, close.reason, `${CLOSE}Retry-After: ${Math.ceil(retryMs / 1_000)}\r\n`)
      .response;
  }

  farewell(channel: Channel, close: CloseCode): Uint8Array | undefined {
    return channel.decoder instanceof WebSocketDecoder ? encodeClose(close) : undefined;
  }

  /** By the options of now. */
  #mayConnect(host: string, origin: string): boolean {
    const { origins } = this.dependencies.connections.options;
    if (origins !== this.#origins) {
      this.#origins = origins;
      this.#isAllowed = originCheck(origins);
    }
    return this.#isAllowed(host, origin);
  }

  #upgrade(channel: Channel, front: HttpFront, chunk: Uint8Array): number {
    const answer = front.push(chunk);
    if (answer === undefined) return chunk.length;
    const { status, response } = answer;
    if (status !== 101) {
      if (status !== 200) this.dependencies.counters.protocolErrors++;
      return this.#end(channel, chunk, response);
    }
    const { host, fields } = front.head!;
    if (!this.#mayConnect(host, singleField(fields, "origin") ?? "")) {
      this.dependencies.counters.refusedOrigins++;
      return this.#end(channel, chunk, refuse(403, REFUSED_ORIGIN).response);
    }
    if (!channel.isAddressed && !this.#address(channel, fields)) return chunk.length;
    try {
      channel.headers = authHeaders(fields, this.dependencies.connections.options.authHeaders);
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      this.dependencies.counters.protocolErrors++;
      return this.#end(channel, chunk, refuse(error.status, `${error.message}.`).response);
    }
    this.dependencies.connections.write(channel, response);
    const messages = new WebSocketDecoder(this.dependencies.buffers);
    channel.decoder = messages;
    const rest = chunk.subarray(front.consumedBytes);
    return front.consumedBytes + messages.push(rest, channel, this.#messages);
  }

  #address(channel: Channel, fields: HttpFields): boolean {
    const field = (name: string) => fields.get(name)?.join();
    const address = clientAddress(field, channel.remoteAddress, this.proxies);
    return this.dependencies.connections.door.addressed(channel, address);
  }

  /** Ends a connection that does not become a WebSocket with its answer in HTTP. */
  #end(channel: Channel, chunk: Uint8Array, response: Uint8Array): number {
    this.dependencies.connections.write(channel, response);
    this.dependencies.connections.close(channel, CloseCodes.protocolError);
    return chunk.length;
  }
}

/** What WebSocket messages mean; one object serves all channels. */
class Messages implements MessageSink<Channel> {
  readonly #decoded = newFrame();

  /** @param frame Counts a WebSocket frame; see {@linkcode MessageSink.frame}. */
  constructor(
    private readonly dependencies: TransportDependencies,
    readonly frame: (channel: Channel, bytes: number) => boolean,
  ) {}

  message(channel: Channel, isText: boolean, payload: Uint8Array): boolean {
    if (channel.state >= ChannelState.closing) return true;
    const format = isText ? jsonMessages : goimMessages;
    format.decode(payload, this.#decoded);
    if (channel.state === ChannelState.handshaking) channel.format = format;
    return this.dependencies.protocol.frame(channel, this.#decoded);
  }

  ping(channel: Channel, payload: Uint8Array): void {
    if (channel.state >= ChannelState.closing) return;
    this.dependencies.connections.write(channel, encodeControl(Opcode.pong, payload));
  }

  pong(): void {}

  /** RFC 6455 section 5.5.1: the answer to a close frame carries the code that it came with. */
  close(channel: Channel, code: number): void {
    this.dependencies.connections.close(channel, { code, reason: "", reconnect: false });
  }
}
