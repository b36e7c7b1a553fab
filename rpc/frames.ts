/** The frames that the RPC itself says something in: hello, its answer, and failures. */
import { secretEquals } from "../base/secret_equals.ts";
import { EMPTY } from "../protocol/frame.ts";
import { boolean, bytes, int32, Message, text } from "../protocol/message.ts";
import { RpcError } from "../protocol/rpc.ts";
import { RpcLimits } from "./limits.ts";

/**
 * What a frame of the RPC is for. Numbers above 0 are calls: the method. Each end numbers its own
 * calls; an answer carries the sequence of its call.
 */
export const RpcOperation = {
  /** The answer of a call that went well. */
  ok: 0,
  /** The answer of a call that failed. */
  failure: -1,
  ping: -2,
  pong: -3,
  /** The first frame of who dialled; answered like a call. */
  hello: -4,
} as const;

/** Which versions of frames and messages an end of a link speaks. */
export interface VersionRange {
  readonly lowest: number;
  readonly highest: number;
}

/**
 * The versions that this program speaks. What is added to messages needs no new version, since
 * others pass over it; one that others must know of to be sent anything gets one.
 */
export const spokenVersions: VersionRange = { lowest: 3, highest: 4 };

/** Who one end of a link is. */
export interface RpcPeer {
  /** `comet`, `logic` or `job`. */
  readonly role: string;
  /** This run of it. */
  readonly id: string;
}

/** What the other end has said of itself, and what follows from it. */
export interface Greeted {
  readonly peer: RpcPeer;
  /** The highest version that both ends speak. */
  readonly version: number;
}

/** A hello, or the answer to one, which shows no secret. */
const greeting = new Message<RpcPeer & VersionRange & { readonly secret: string }>({
  lowest: [1, int32],
  highest: [2, int32],
  role: [3, text],
  id: [4, text],
  secret: [5, text, ""],
});

/**
 * Encodes the first frame's body.
 *
 * @param secret Shown to the peer; empty in an answer.
 * @throws {Error} With a one-line message when it is too long, for a long secret mostly.
 */
export function encodeHello(self: RpcPeer, secret: string, spoken = spokenVersions): Uint8Array {
  const body = greeting.encode({ ...self, ...spoken, secret });
  if (body.length > RpcLimits.helloBytesMax) {
    throw new Error(
      `Cannot say hello as "${self.role}": secret and id must fit ${RpcLimits.helloBytesMax} ` +
        `bytes, current length is ${body.length}`,
    );
  }
  return body;
}

/**
 * Decodes a hello, or the answer to one, and checks it.
 *
 * @param self Who reads it.
 * @param secret What the peer must know; empty when nothing.
 * @throws {RpcError} "bad-request", "no-common-version" or "unauthorized", none of which is
 * temporary.
 */
export function decodeHello(
  body: Uint8Array,
  self: RpcPeer,
  secret: string,
  spoken = spokenVersions,
): Greeted {
  const { role, id, lowest, highest, secret: shown } = greeting.decode(body);
  const version = Math.min(highest, spoken.highest);
  if (version < Math.max(lowest, spoken.lowest)) {
    const own = `${self.role} speaks ${spoken.lowest} to ${spoken.highest}`;
    const message = `no version in common: ${own}, ${role} speaks ${lowest} to ${highest}`;
    throw new RpcError("no-common-version", false, message);
  }
  if (!secretEquals(shown, secret)) {
    throw new RpcError("unauthorized", false, "the cluster secret does not match");
  }
  return { peer: { role, id }, version };
}

const failure = new Message<Pick<RpcError, "code" | "temporary" | "message" | "data">>({
  code: [1, text],
  temporary: [2, boolean, false],
  message: [3, text, ""],
  data: [4, bytes, EMPTY],
});

/**
 * Encodes what a handler threw. An `RpcError` comes out of {@linkcode decodeFailure} as what it is.
 * Anything else becomes one with code "internal" that is not temporary: it may be a bug, and a call
 * that meets a bug is not to be tried without end. Who knows that a failure will pass throws
 * `RpcError` "unavailable" itself.
 */
export function encodeFailure(error: unknown): Uint8Array {
  const { code, temporary, data } = error instanceof RpcError
    ? error
    : { code: "internal", temporary: false, data: EMPTY };
  const said = error instanceof Error ? error.message : "something else than an error was thrown";
  const message = said.slice(0, RpcLimits.failureCharsMax);
  return failure.encode({ code, temporary, message, data });
}

/** Decodes a failure; one that cannot be read is an `RpcError` "internal" as well. */
export function decodeFailure(body: Uint8Array): RpcError {
  try {
    const { code, temporary, message, data } = failure.decode(body);
    return new RpcError(code, temporary, message, data.slice());
  } catch (error) {
    return new RpcError("internal", false, `Cannot read failure: ${(error as Error).message}`);
  }
}
