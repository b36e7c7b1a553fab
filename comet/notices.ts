import { Operation } from "../protocol/operations.ts";
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
  /** The log of a room has begun anew, and goes on behind `offset`. */
  | {
    readonly type: "epoch";
    readonly room: string;
    readonly epoch: string;
    readonly offset: number;
    readonly recovered: false;
  }
  /** Members of the further rooms of the connection, by their keys. */
  | { readonly type: "online"; readonly rooms: Readonly<Record<string, number>> };

/** Encodes a notice for connections of a format. */
export function encodeNotice(format: WireFormat, notice: Notice): Uint8Array {
  return format.frame(Operation.Notice, 0, encoder.encode(JSON.stringify(notice)));
}
