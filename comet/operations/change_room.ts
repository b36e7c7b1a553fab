import { getLogger } from "@logtape/logtape";
import { CloseCodes, ProtocolError } from "../../protocol/close_codes.ts";
import { excerpt } from "../../protocol/excerpt.ts";
import type { Frame } from "../../protocol/frame.ts";
import { Operation } from "../../protocol/operations.ts";
import { parseRoomKey, roomKeyForm } from "../../protocol/room_key.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { type Channel, ChannelState } from "../channel.ts";
import type { ConnectionManager } from "../connection_manager.ts";
import type { JoinRules } from "./join_rules.ts";
import type { Replies } from "./replies.ts";

const log = getLogger(["halley", "comet"]);

const encoder = new TextEncoder();

/** Operation 12: a client changes its primary room. Who may not stays, and is told where it is. */
export class ChangeRoom {
  constructor(
    private readonly connections: ConnectionManager,
    private readonly rules: JoinRules,
    private readonly replies: Replies,
  ) {}

  /**
   * Handles the frame.
   *
   * @returns Whether the next one may follow at once.
   * @throws {ProtocolError} When its body is no room.
   */
  frame(channel: Channel, { body, sequence }: Frame): boolean {
    const key = decodeUtf8(body);
    if (key === undefined || (key !== "" && parseRoomKey(key) === undefined)) {
      throw new ProtocolError(
        CloseCodes.protocolError,
        `Cannot change room: it must be ${roomKeyForm}, current value is "${
          excerpt(key ?? "no text")
        }"`,
      );
    }
    if (key !== "" && this.rules.limit.admit(channel) > 0) {
      this.#stay(channel, sequence);
      return true;
    }
    const isOther = key !== "" && key !== channel.roomKey;
    if (isOther && !this.rules.allows(channel, key)) {
      this.#stay(channel, sequence);
      return true;
    }
    if (isOther && this.rules.asksLogic) {
      channel.busy = true;
      void this.#ask(channel, sequence, key, body.slice());
      return false;
    }
    const ready = this.connections.memberships.prepare(key);
    if (ready === undefined) {
      this.#move(channel, sequence, key, body);
      return true;
    }
    channel.busy = true;
    this.#moveWhen(ready, channel, sequence, key, body.slice());
    return false;
  }

  async #ask(channel: Channel, sequence: number, key: string, echo: Uint8Array): Promise<void> {
    const mayJoin = await this.rules.mayJoin(channel, key).catch((error) => {
      log.warn("logic could not be asked whether a client may join: {error}", { error });
      return false;
    });
    if (channel.state !== ChannelState.open) return;
    if (!mayJoin) {
      const { roomKey } = channel;
      return this.#moveLater(channel, sequence, roomKey, encoder.encode(roomKey));
    }
    const ready = this.connections.memberships.prepare(key);
    if (ready === undefined) this.#moveLater(channel, sequence, key, echo);
    else this.#moveWhen(ready, channel, sequence, key, echo);
  }

  /** goim knows no failure here: a room whose log cannot be loaded is joined all the same. */
  #moveWhen(
    ready: Promise<void>,
    channel: Channel,
    sequence: number,
    key: string,
    echo: Uint8Array,
  ): void {
    const move = () => this.#moveLater(channel, sequence, key, echo);
    ready.then(move, (error) => {
      log.warn("a client joins a room whose history cannot be read: {error}", { error });
      move();
    });
  }

  /** Moves where the channel was busy meanwhile, and goes on with what has come since. */
  #moveLater(channel: Channel, sequence: number, key: string, echo: Uint8Array): void {
    channel.busy = false;
    if (channel.state !== ChannelState.open) return;
    this.#move(channel, sequence, key, echo);
    channel.transport.resume(channel);
  }

  /** Says that a client is where it was. */
  #stay(channel: Channel, sequence: number): void {
    this.replies.send(
      channel,
      Operation.ChangeRoomReply,
      sequence,
      encoder.encode(channel.roomKey),
    );
  }

  /** Moves a channel into a room, unless that is full, and says in which one it is. */
  #move(channel: Channel, sequence: number, key: string, echo: Uint8Array): void {
    if (!channel.isIn(key) && this.rules.isFull(key)) return this.#stay(channel, sequence);
    this.connections.memberships.moveTo(channel, key);
    this.replies.send(channel, Operation.ChangeRoomReply, sequence, echo);
  }
}
