import { BinaryReader, BinaryWriter } from "../protocol/binary.ts";
import { ConnectRefused, NodeReplaced, NodeUnknown } from "../protocol/cluster/contract.ts";
import { RpcLimits } from "./limits.ts";
import { RpcError, rpcErrorCodes } from "../protocol/cluster/rpc_error.ts";
import { readCloseCode, writeCloseCode } from "../protocol/cluster/values.ts";

/** Which class an error is of, on the wire. */
const Kind = { rpc: 0, connectRefused: 1, nodeUnknown: 2, nodeReplaced: 3 } as const;

/**
 * Encodes what a handler threw. The errors of the contract and `RpcError` come out of
 * {@linkcode decodeFailure} as what they are. Anything else becomes an `RpcError` "internal" that
 * is not temporary: it may be a bug, and a call that meets a bug is not to be tried without end.
 * Who knows that a failure will pass throws `RpcError` "unavailable" itself.
 */
export function encodeFailure(error: unknown): Uint8Array {
  const writer = new BinaryWriter();
  if (error instanceof ConnectRefused) {
    writeCloseCode(writer.byte(Kind.connectRefused), error.close);
  } else if (error instanceof NodeUnknown) {
    writer.byte(Kind.nodeUnknown);
  } else if (error instanceof NodeReplaced) {
    writer.byte(Kind.nodeReplaced);
  } else {
    const { code, temporary } = error instanceof RpcError
      ? error
      : { code: "internal", temporary: false } as const;
    writer.byte(Kind.rpc).byte(rpcErrorCodes.indexOf(code)).boolean(temporary);
  }
  const message = error instanceof Error
    ? error.message
    : "something else than an error was thrown";
  return writer.string(message.slice(0, RpcLimits.failureCharsMax)).finish();
}

/** Decodes a failure; one that cannot be read is an `RpcError` "internal" as well. */
export function decodeFailure(body: Uint8Array): Error {
  try {
    const reader = new BinaryReader(body);
    const error = readError(reader);
    reader.end();
    return error;
  } catch (error) {
    return new RpcError("internal", false, `Cannot read failure: ${(error as Error).message}`);
  }
}

function readError(reader: BinaryReader): Error {
  const kind = reader.byte();
  switch (kind) {
    case Kind.rpc: {
      const code = rpcErrorCodes[reader.byte()] ?? "internal";
      return new RpcError(code, reader.boolean(), reader.string());
    }
    case Kind.connectRefused:
      return new ConnectRefused(readCloseCode(reader), reader.string());
    case Kind.nodeUnknown:
      return new NodeUnknown(reader.string());
    case Kind.nodeReplaced:
      return new NodeReplaced(reader.string());
  }
  throw new RpcError("bad-request", false, `kind must be 0 to 3, current value is ${kind}`);
}
