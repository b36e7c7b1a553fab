import type { CloseCode } from "../close_codes.ts";
import { EMPTY } from "../frame.ts";
import { alone, type Codec, int32, integer, list, Message, text } from "../message.ts";
import { answerOf, type Calls, nothing, RpcMethod } from "./calls.ts";
import { closeCodeMessage } from "./connection.ts";
import { decodeDeliveries, type Delivery, encodeDeliveries } from "./delivery.ts";

/** Which connection is to be closed, and what its client is told. */
export interface CloseRequest {
  readonly connectionId: number;
  readonly close: CloseCode;
}

/** A room whose members are to be closed, and what these are told. */
export interface CloseRoomRequest {
  /** Room key. */
  readonly room: string;
  readonly close: CloseCode;
}

/** What a job asks of a comet. */
export interface CometApi {
  /**
   * Writes a batch to its sockets, in order. Of each partition it skips what an earlier batch
   * brought, so that a batch may be sent again.
   *
   * @returns Settles when every write was handed to the kernel, queued or dropped; with the
   * partitions whose token was too old, of which nothing was written.
   * @throws {RpcError} Temporarily, with nothing written, while the cluster may have given the comet
   * up.
   */
  deliver(batch: readonly Delivery[]): Promise<readonly number[]>;
}

/** What logic asks of a comet. */
export interface CometControl {
  /** Closes a connection; one that is gone is ignored. */
  close(request: CloseRequest): Promise<void>;
  /**
   * Closes all that are members of a room, however they joined it.
   *
   * @returns How many there were.
   */
  closeRoom(request: CloseRoomRequest): Promise<number>;
}

/** What {@linkcode CometApi.deliver} answers when no token was too old. */
export const NONE_FENCED: readonly number[] = [];

/**
 * How old what a job knows of the registry may be when it sends a push out, in milliseconds. A
 * comet waits as long from its registration to its first client.
 */
export const DIRECTORY_MS = 1_000;

/**
 * How long a job may rely on what it knows of a comet's rooms after it asked, in milliseconds. A
 * comet that cannot reach a job waits as long before it lets a client into a room that the job may
 * not know of.
 */
export const WATCH_MS = 1_000;

/** What a job asks of a comet to be sent the pushes of its rooms alone. */
export interface RoomInterestApi {
  /**
   * Watches the rooms of the comet from now on, by calls of {@linkcode WatcherApi}.
   *
   * @returns The rooms that it holds, of which clients are or may soon be members.
   */
  watch(): Promise<readonly string[]>;
  /** Goes on watching: to be called well within {@linkcode WATCH_MS}. */
  renewWatch(): Promise<void>;
}

const batch: Codec<readonly Delivery[]> = { encode: encodeDeliveries, decode: decodeDeliveries };

const fenced = alone(list(int32), NONE_FENCED);

/** Partitions; as good as always there are none. */
const fencedMessage: Codec<readonly number[]> = {
  encode: (partitions) => partitions.length === 0 ? EMPTY : fenced.encode(partitions),
  decode: fenced.decode,
};

const closeMessage = new Message<CloseRequest>({
  connectionId: [1, integer],
  close: [2, closeCodeMessage],
});

const closeRoomMessage = new Message<CloseRoomRequest>({
  room: [1, text],
  close: [2, closeCodeMessage],
});

export const cometCalls: Calls<CometApi> = {
  deliver: [RpcMethod.deliver, batch, fencedMessage],
};

export const cometControlCalls: Calls<CometControl> = {
  close: [RpcMethod.close, closeMessage, nothing],
  closeRoom: [RpcMethod.closeRoom, closeRoomMessage, alone(integer)],
};

export const roomInterestCalls: Calls<RoomInterestApi> = {
  watch: [RpcMethod.watch, nothing, alone(list(text))],
  renewWatch: [RpcMethod.renewWatch, nothing, nothing],
};

const answerCometApi = answerOf(cometCalls);
const answerCometControl = answerOf(cometControlCalls);
const answerRoomInterest = answerOf(roomInterestCalls);

/**
 * Answers a call that is for a comet; see {@linkcode answerOf}.
 *
 * @param api The comet; the frames that it gets are its own.
 * @param control Closes its clients.
 * @param rooms Its rooms, as the end that calls watches them: one object per link, which may keep
 * it as its `context`.
 */
export function answerComet(
  api: CometApi,
  control: CometControl,
  rooms: RoomInterestApi,
  method: number,
  body: Uint8Array,
): Promise<Uint8Array> | undefined {
  return answerCometApi(api, method, body) ?? answerCometControl(control, method, body) ??
    answerRoomInterest(rooms, method, body);
}
