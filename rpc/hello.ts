import { secretEquals } from "../base/secret_equals.ts";
import { BinaryReader, BinaryWriter } from "../protocol/binary.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError } from "../protocol/cluster/rpc_error.ts";

/** Grows when an end of one version cannot talk to one of another. */
const RPC_VERSION = 2;

/** Who one end of a link is. */
export interface RpcPeer {
  /** `comet`, `logic` or `job`. */
  readonly role: string;
  /** This run of it. */
  readonly id: string;
}

/**
 * Encodes the first frame's body.
 *
 * @throws {Error} With a one-line message when it is too long, for a long secret mostly.
 */
export function encodeHello(self: RpcPeer, secret: string): Uint8Array {
  const body = new BinaryWriter()
    .int32(RPC_VERSION).string(secret).string(self.role).string(self.id).finish();
  if (body.length > RpcLimits.helloBytesMax) {
    throw new Error(
      `Cannot say hello as "${self.role}": secret and id must fit ${RpcLimits.helloBytesMax} ` +
        `bytes, current length is ${body.length}`,
    );
  }
  return body;
}

/**
 * Decodes a hello and checks it.
 *
 * @param secret What the peer must know; empty when nothing.
 * @throws {RpcError} "bad-request" or "unauthorized", neither of which is temporary.
 */
export function decodeHello(body: Uint8Array, secret: string): RpcPeer {
  const reader = new BinaryReader(body);
  const version = reader.int32();
  if (version !== RPC_VERSION) {
    const message = `RPC version must be ${RPC_VERSION}, current value is ${version}`;
    throw new RpcError("bad-request", false, message);
  }
  const shown = reader.string();
  const peer = { role: reader.string(), id: reader.string() };
  reader.end();
  if (!secretEquals(shown, secret)) {
    throw new RpcError("unauthorized", false, "the cluster secret does not match");
  }
  return peer;
}

/** Encodes the answer to a hello. */
export function encodeWelcome(self: RpcPeer): Uint8Array {
  return new BinaryWriter().string(self.role).string(self.id).finish();
}

/** Decodes the answer to a hello. @throws {RpcError} "bad-request". */
export function decodeWelcome(body: Uint8Array): RpcPeer {
  const reader = new BinaryReader(body);
  const peer = { role: reader.string(), id: reader.string() };
  reader.end();
  return peer;
}
