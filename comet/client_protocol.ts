import { getLogger } from "@logtape/logtape";
import { WriteOutcome } from "../platform/port.ts";
import { CloseCodes, ProtocolError } from "../protocol/close_codes.ts";
import { excerpt } from "../protocol/excerpt.ts";
import { EMPTY, type Frame, type FrameSink, writeInt32 } from "../protocol/frame.ts";
import { subscribed, unsubscribed } from "../protocol/operation_list.ts";
import { Operation } from "../protocol/operations.ts";
import { parseRoomKey, roomKeyForm } from "../protocol/room_key.ts";
import { ConnectRefused, type ConnectReply } from "../protocol/cluster/connection.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import { decodeUtf8 } from "../protocol/utf8.ts";
import { type Channel, ChannelState } from "./channel.ts";
import type { CometCounters } from "./counters.ts";
import type { ConnectionManager } from "./connection_manager.ts";

const log = getLogger(["halley", "comet"]);

const encoder = new TextEncoder();

/**
 * What clients' frames mean: the same for every transport. One object serves all channels. While
 * logic is asked for one of them, that channel is busy and its later frames wait, so that answers
 * come in the order of the requests.
 */
export class ClientProtocol implements FrameSink<Channel> {
  /** Body of every heartbeat's answer: formats copy it. */
  readonly #onlineBody = new Uint8Array(4);

  /** Whether a logic has said that it is to be asked before a client joins another room. */
  #asksJoins = false;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    private readonly counters: CometCounters,
  ) {}

  /**
   * Handles one frame.
   *
   * @returns Whether the next one may follow at once.
   * @throws {ProtocolError} When the frame is one that no client may send.
   */
  frame(channel: Channel, frame: Frame): boolean {
    if (channel.state >= ChannelState.closing) return true;
    this.counters.framesReceived++;
    if (channel.state === ChannelState.handshaking) {
      if (frame.operation !== Operation.Auth) return true;
      this.#auth(channel, frame);
      return false;
    }
    switch (frame.operation) {
      case Operation.Heartbeat:
        this.#heartbeat(channel, frame.sequence);
        return true;
      case Operation.ChangeRoom:
        return this.#changeRoom(channel, frame);
      case Operation.Subscribe:
        channel.accepts = subscribed(channel.accepts, frame.body);
        this.#reply(channel, Operation.SubscribeReply, frame.sequence, frame.body);
        return true;
      case Operation.Unsubscribe:
        channel.accepts = unsubscribed(channel.accepts, frame.body);
        this.#reply(channel, Operation.UnsubscribeReply, frame.sequence, frame.body);
        return true;
      default:
        this.#receive(channel, frame);
        return false;
    }
  }

  /** Whether a room takes no more members; who is in it is not asked. */
  #isFull(roomKey: string): boolean {
    const { membersMax } = this.connections.roomTypes.of(roomKey);
    const room = this.connections.rooms.get(roomKey);
    return membersMax > 0 && room !== undefined &&
      this.connections.rooms.online(room) >= membersMax;
  }

  #heartbeat(channel: Channel, sequence: number): void {
    this.connections.heartbeat(channel);
    const { primary } = channel;
    const online = primary === null ? 0 : this.connections.rooms.online(primary.room);
    writeInt32(this.#onlineBody, 0, online);
    this.#reply(channel, Operation.HeartbeatReply, sequence, this.#onlineBody);
  }

  #changeRoom(channel: Channel, { body, sequence }: Frame): boolean {
    const key = decodeUtf8(body);
    if (key === undefined || (key !== "" && parseRoomKey(key) === undefined)) {
      throw new ProtocolError(
        CloseCodes.protocolError,
        `Cannot change room: it must be ${roomKeyForm}, current value is "${
          excerpt(key ?? "no text")
        }"`,
      );
    }
    const isAsked = this.#asksJoins && key !== "" && key !== channel.roomKey;
    const announced = key === "" || isAsked ? undefined : this.connections.interest.add(key);
    if (!isAsked && announced === undefined) {
      this.#join(channel, sequence, key, body);
      return true;
    }
    channel.busy = true;
    const echo = body.slice();
    if (isAsked) void this.#askToJoin(channel, sequence, key, echo);
    else announced!.then(() => this.#joinLater(channel, sequence, key, echo));
    return false;
  }

  /** Asks logic for a change of room; refused, the channel stays in its room, and is told of it. */
  async #askToJoin(channel: Channel, sequence: number, key: string, echo: Uint8Array) {
    const request = { ...this.connections.refOf(channel), room: key };
    const mayJoin = await this.logic.authorizeJoin(request).catch((error) => {
      log.warn("logic could not be asked whether a client may join: {error}", { error });
      return false;
    });
    if (channel.state !== ChannelState.open) return;
    if (!mayJoin) {
      this.counters.joinsRefused++;
      const { roomKey } = channel;
      return this.#joinLater(channel, sequence, roomKey, encoder.encode(roomKey));
    }
    const announced = this.connections.interest.add(key);
    if (announced === undefined) this.#joinLater(channel, sequence, key, echo);
    else announced.then(() => this.#joinLater(channel, sequence, key, echo));
  }

  /** Joins where the channel was busy meanwhile, and goes on with what has come since. */
  #joinLater(channel: Channel, sequence: number, key: string, echo: Uint8Array): void {
    channel.busy = false;
    if (channel.state !== ChannelState.open) return;
    this.#join(channel, sequence, key, echo);
    channel.transport.resume(channel);
  }

  /** Moves a channel into a room, unless that is full, and says in which one it is. */
  #join(channel: Channel, sequence: number, key: string, echo: Uint8Array): void {
    let room = echo;
    if (channel.isIn(key) || !this.#isFull(key)) {
      this.connections.memberships.moveTo(channel, key);
    } else {
      this.counters.roomsFull++;
      room = encoder.encode(channel.roomKey);
    }
    this.#reply(channel, Operation.ChangeRoomReply, sequence, room);
  }

  #auth(channel: Channel, frame: Frame): void {
    const sequence = frame.sequence;
    channel.busy = true;
    this.logic.connect({
      server: this.connections.server,
      connectionId: channel.id,
      token: frame.body,
      remoteAddress: channel.remoteAddress,
    }).then(
      (client) => this.#accepted(channel, sequence, client),
      (error) => this.#refused(channel, error),
    );
  }

  /** Logic accepts the client; jobs may have to learn of its room first. */
  #accepted(channel: Channel, sequence: number, client: ConnectReply): void {
    this.#asksJoins ||= client.asksJoins;
    const announced = client.room === "" ? undefined : this.connections.interest.add(client.room);
    if (announced === undefined) this.#authenticated(channel, sequence, client);
    else announced.then(() => this.#authenticated(channel, sequence, client));
  }

  #authenticated(channel: Channel, sequence: number, client: ConnectReply): void {
    channel.busy = false;
    if (channel.state === ChannelState.handshaking && this.#isFull(client.room)) {
      this.counters.roomsFull++;
      this.connections.close(channel, CloseCodes.roomFull);
    }
    if (channel.state !== ChannelState.handshaking) {
      this.logic.disconnect(this.connections.refOf(channel, client))
        .catch(() => this.counters.logicFailures++);
      return;
    }
    this.#reply(channel, Operation.AuthReply, sequence, EMPTY);
    this.connections.authenticated(channel, client);
    channel.transport.resume(channel);
  }

  #refused(channel: Channel, error: unknown): void {
    channel.busy = false;
    this.counters.authFailures++;
    if (error instanceof ConnectRefused) {
      this.connections.close(channel, error.close);
      return;
    }
    log.error("auth failed for a fault of the server: {error}", { error });
    this.connections.close(channel, CloseCodes.internalError);
  }

  #receive(channel: Channel, frame: Frame): void {
    const { operation, sequence } = frame;
    channel.busy = true;
    this.logic.receive({
      ...this.connections.refOf(channel),
      room: channel.roomKey,
      operation,
      sequence,
      body: frame.body,
    }).then(
      (reply) => this.#received(channel, operation, sequence, reply),
      (error) => {
        this.counters.receiveFailures++;
        log.warn("logic failed to receive operation {operation}: {error}", { operation, error });
        this.#received(channel, operation, sequence, EMPTY);
      },
    );
  }

  #received(channel: Channel, operation: number, sequence: number, reply: Uint8Array): void {
    channel.busy = false;
    if (channel.state !== ChannelState.open) return;
    const answer = operation === Operation.SendMessage ? Operation.SendMessageReply : operation;
    this.#reply(channel, answer, sequence, reply);
    channel.transport.resume(channel);
  }

  #reply(channel: Channel, operation: number, sequence: number, body: Uint8Array): void {
    this.#write(channel, channel.format.frame(operation, sequence, body));
  }

  #write(channel: Channel, bytes: Uint8Array): void {
    if (this.connections.write(channel, bytes) === WriteOutcome.dropped) {
      this.counters.framesDropped++;
    }
  }
}
