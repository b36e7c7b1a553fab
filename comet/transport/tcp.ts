import type { CloseCode } from "../../protocol/close_codes.ts";
import type { FrameSink } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { FrameSplitter } from "../../protocol/splitter.ts";
import { type Channel, ChannelState } from "../channel.ts";
import type { Refusal } from "../door/refusal.ts";
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

  decoder(): FrameSplitter {
    return new FrameSplitter(this.dependencies.buffers);
  }

  protected decode(channel: Channel, chunk: Uint8Array): number {
    return (channel.decoder as FrameSplitter).push(chunk, channel, this.#frames);
  }

  /** Not as in goim, whose clients take it for the end that it is. */
  refusal({ close: { code, reason, reconnect }, retryMs }: Refusal): Uint8Array {
    return this.#disconnect({ code, reason, reconnect, retry_ms: retryMs });
  }

  /** As in goim, a client that never got in is closed without a word, unless it was turned away. */
  farewell(channel: Channel, { code, reason, reconnect }: CloseCode): Uint8Array | undefined {
    if (channel.state !== ChannelState.open) return undefined;
    return this.#disconnect({ code, reason, reconnect });
  }

  #disconnect(body: object): Uint8Array {
    return this.format.frame(Operation.DisconnectReply, 0, encoder.encode(JSON.stringify(body)));
  }
}
