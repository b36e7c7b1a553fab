import { checkFrames } from "../../protocol/frame.ts";
import type { WireFormat } from "./wire_format.ts";

/** A push as it looks in one format. */
interface Encoded {
  readonly format: WireFormat;
  readonly bytes: Uint8Array;
  /** In another format; there are few. */
  readonly next: Encoded | undefined;
}

/** A push on its way out: encoded at most once per format, and the bytes shared by all clients. */
export class EncodedPush {
  #plain: Encoded | undefined;
  #named: Encoded | undefined;

  /**
   * @param frames goim frames back to back.
   * @param count How many there are.
   * @param roomKey The room that they are for; empty when they are for none.
   * @throws {ProtocolError} When `frames` is anything else.
   */
  constructor(readonly frames: Uint8Array, readonly count: number, readonly roomKey = "") {
    // Now or never: half-way through a room nobody could be told.
    checkFrames(frames);
  }

  /** The bytes for connections of a format. */
  bytes(format: WireFormat): Uint8Array {
    const known = find(this.#plain, format);
    if (known !== undefined) return known;
    const bytes = format.push(this.frames);
    this.#plain = { format, bytes, next: this.#plain };
    return bytes;
  }

  /** The bytes for connections of a format to which this is one of several rooms: with its key. */
  named(format: WireFormat): Uint8Array {
    const known = find(this.#named, format);
    if (known !== undefined) return known;
    const bytes = format.roomBatch(this.roomKey, this.frames);
    this.#named = { format, bytes, next: this.#named };
    return bytes;
  }
}

function find(first: Encoded | undefined, format: WireFormat): Uint8Array | undefined {
  for (let encoded = first; encoded !== undefined; encoded = encoded.next) {
    if (encoded.format === format) return encoded.bytes;
  }
  return undefined;
}
