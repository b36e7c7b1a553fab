import { forEachFrame } from "../../protocol/frame.ts";
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
  #encoded: Encoded | undefined;

  /**
   * @param frames goim frames back to back.
   * @param count How many there are.
   * @throws {ProtocolError} When `frames` is anything else.
   */
  constructor(readonly frames: Uint8Array, readonly count: number) {
    // Now or never: half-way through a room nobody could be told.
    forEachFrame(frames, () => {});
  }

  /** The bytes for connections of a format. */
  bytes(format: WireFormat): Uint8Array {
    for (let encoded = this.#encoded; encoded !== undefined; encoded = encoded.next) {
      if (encoded.format === format) return encoded.bytes;
    }
    const bytes = format.push(this.frames);
    this.#encoded = { format, bytes, next: this.#encoded };
    return bytes;
  }
}
