import { type CloseCode, isApplicationClose } from "../protocol/close_codes.ts";
import { concatFrames } from "../protocol/frame.ts";
import { Operation } from "../protocol/operations.ts";
import { type Channel, Feature } from "./channel.ts";
import type { WireFormat } from "./format/wire_format.ts";

const encoder = new TextEncoder();

/** What a comet tells a client by itself; only who asked for notices gets any. */
export type Notice =
  /**
   * Messages of a room that will not come: offsets `from` to `to`, or, without them, an unknown
   * number. Without a room pushes by key, by mid and to all may be missing.
   */
  | {
    readonly type: "gap";
    readonly room?: string;
    readonly epoch?: string;
    readonly from?: number;
    readonly to?: number;
    readonly count?: number;
  }
  /** The log of a room has begun, or begun anew, which has lost something; it goes on behind `offset`. */
  | {
    readonly type: "epoch";
    readonly room: string;
    readonly epoch: string;
    readonly offset: number;
    readonly recovered: boolean;
  }
  /** Members of the further rooms of the connection, by their keys. */
  | { readonly type: "online"; readonly rooms: Readonly<Record<string, number>> }
  /** The comet goes: the client is to connect again in so many milliseconds, to another one. */
  | { readonly type: "moving"; readonly delay_ms: number }
  /** The application closes the connection: its code alone does not say whether to come back. */
  | CloseCode & { readonly type: "closing" };

/** Encodes a notice for connections of a format. */
export function encodeNotice(format: WireFormat, notice: Notice): Uint8Array {
  return format.frame(Operation.Notice, 0, encoder.encode(JSON.stringify(notice)));
}

/** The last words to a client that is closed, or undefined where there are none. */
export function farewellOf(channel: Channel, close: CloseCode): Uint8Array | undefined {
  const { format, isOpen, features, transport } = channel;
  const farewell = transport.farewell(channel, close);
  if (farewell === undefined || !isApplicationClose(close)) return farewell;
  if (!isOpen || (features & Feature.notices) === 0) return farewell;
  const { code, reason, reconnect } = close;
  return concatFrames([
    encodeNotice(format, { type: "closing", code, reason, reconnect }),
    farewell,
  ]);
}

/** A notice on its way to many: encoded at most once per format. */
export class EncodedNotice {
  readonly #encoded = new Map<WireFormat, Uint8Array>();

  constructor(readonly notice: Notice) {}

  /** The bytes for connections of a format. */
  bytes(format: WireFormat): Uint8Array {
    let bytes = this.#encoded.get(format);
    if (bytes === undefined) this.#encoded.set(format, bytes = encodeNotice(format, this.notice));
    return bytes;
  }
}

/** Messages of a room's log that will not come, from one offset to another, both included. */
export function gapNotice(room: string, epoch: string, from: number, to: number): EncodedNotice {
  return new EncodedNotice({ type: "gap", room, epoch, from, to, count: to - from + 1 });
}

/**
 * A room's log has begun, before its first message.
 *
 * @param recovered Whether it never had another one.
 */
export function epochNotice(room: string, epoch: string, recovered: boolean): EncodedNotice {
  return new EncodedNotice({ type: "epoch", room, epoch, offset: 0, recovered });
}
