import type { Frame } from "../../protocol/frame.ts";

/** How frames look on a connection's wire. One object serves all connections of a format. */
export interface WireFormat {
  /**
   * Encodes one frame.
   *
   * @param body Copied.
   */
  frame(operation: number, sequence: number, body: Uint8Array): Uint8Array;
  /**
   * Encodes what is pushed.
   *
   * @param frames goim frames back to back, which may be handed back as they are.
   */
  push(frames: Uint8Array): Uint8Array;
  /** Encodes what is pushed to a further room, with the room's key. */
  roomBatch(roomKey: string, frames: Uint8Array): Uint8Array;
}

/** A format in which each message holds one frame. */
export interface MessageFormat extends WireFormat {
  /**
   * Decodes a client's message.
   *
   * @param into Filled in; its body may be borrowed from the message.
   * @throws {ProtocolError} When it is no frame.
   */
  decode(message: Uint8Array, into: Frame): void;
}
