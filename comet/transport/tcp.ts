import type { CloseCode } from "../../protocol/close_codes.ts";
import type { FrameSink } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { FrameSplitter } from "../../protocol/splitter.ts";
import { type Channel, ChannelState } from "../channel.ts";
import { goimStream } from "../format/goim.ts";
import { StreamTransport } from "./transport.ts";

const encoder = new TextEncoder();

/** goim frames back to back on a TCP stream. */
export class TcpTransport extends StreamTransport {
  readonly format = goimStream;
  readonly ping = undefined;
  readonly #frames: FrameSink<Channel> = {
    frame: (channel, frame) => {
      const mayGoOn = this.count(channel, frame.body.length);
      return this.dependencies.protocol.frame(channel, frame) && mayGoOn;
    },
  };

  protected decoder(): FrameSplitter {
    return new FrameSplitter(this.dependencies.buffers);
  }

  protected decode(channel: Channel, chunk: Uint8Array): number {
    return (channel.decoder as FrameSplitter).push(chunk, channel, this.#frames);
  }

  /** As in goim, a client that never got in is closed without a word. */
  farewell(channel: Channel, { code, reason, reconnect }: CloseCode): Uint8Array | undefined {
    if (channel.state !== ChannelState.open) return undefined;
    const body = encoder.encode(JSON.stringify({ code, reason, reconnect }));
    return channel.format.frame(Operation.DisconnectReply, 0, body);
  }
}
