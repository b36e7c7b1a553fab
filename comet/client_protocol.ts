import { getLogger } from "@logtape/logtape";
import type { Clock } from "../base/clock.ts";
import { EMPTY, type Frame, type FrameSink, writeInt32 } from "../protocol/frame.ts";
import { subscribed, unsubscribed } from "../protocol/operation_list.ts";
import { Operation } from "../protocol/operations.ts";
import { RequestCode } from "../protocol/request_codes.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import { type Channel, ChannelState, Feature } from "./channel.ts";
import type { CometCounters } from "./counters.ts";
import type { ConnectionManager } from "./connection_manager.ts";
import { expires } from "./permissions.ts";
import { Auth } from "./operations/auth.ts";
import { ChannelLimit } from "./operations/channel_limit.ts";
import { ChangeRoom } from "./operations/change_room.ts";
import { FurtherRooms } from "./operations/further_rooms.ts";
import { History } from "./operations/history.ts";
import { JoinRules } from "./operations/join_rules.ts";
import { Publish } from "./operations/publish.ts";
import { Renewal } from "./operations/renewal.ts";
import { Replies } from "./operations/replies.ts";
import { requestMembers, RequestRefused } from "./operations/request.ts";

const log = getLogger(["halley", "comet"]);

/**
 * What clients' frames mean: the same for every transport. One object serves all channels. While
 * logic is asked for one of them, that channel is busy and its later frames wait, so that answers
 * come in the order of the requests. Operations that take more than a few lines are in
 * `operations/`.
 */
export class ClientProtocol implements FrameSink<Channel> {
  /** Body of every heartbeat's answer: formats copy it. */
  readonly #onlineBody = new Uint8Array(4);
  readonly #replies: Replies;
  readonly #auth: Auth;
  readonly #renewal: Renewal;
  readonly #changeRoom: ChangeRoom;
  readonly #furtherRooms: FurtherRooms;
  readonly #history: History;
  readonly #publish: Publish;

  constructor(
    private readonly connections: ConnectionManager,
    private readonly logic: LogicApi,
    clock: Clock,
    private readonly counters: CometCounters,
  ) {
    const replies = this.#replies = new Replies(connections, counters);
    const rules = new JoinRules(connections, logic, counters, clock);
    this.#auth = new Auth(connections, logic, counters, rules, replies);
    this.#renewal = new Renewal(connections, logic, counters, replies, clock);
    this.#changeRoom = new ChangeRoom(connections, rules, replies);
    this.#furtherRooms = new FurtherRooms(connections, rules, counters, replies);
    this.#history = new History(connections, logic, rules, counters, replies, clock);
    const messages = new ChannelLimit(clock, {
      what: "messages",
      used: "publishedUntilMs",
      rate: () => {
        const { publishRate: perSecond, publishBurst: burst } = connections.options;
        return { perSecond, burst };
      },
      refused: () => counters.publishesTooMany++,
    });
    this.#publish = new Publish(connections, logic, messages, counters, replies);
  }

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
      this.#auth.frame(channel, frame);
      return false;
    }
    switch (frame.operation) {
      case Operation.Heartbeat:
        this.#heartbeat(channel, frame.sequence);
        return true;
      case Operation.Auth:
        if (!expires(channel)) break;
        return this.#renewal.frame(channel, frame);
      case Operation.ChangeRoom:
        return this.#changeRoom.frame(channel, frame);
      case Operation.Subscribe:
        channel.accepts = subscribed(channel.accepts, frame.body);
        this.#replies.send(channel, Operation.SubscribeReply, frame.sequence, frame.body);
        return true;
      case Operation.Unsubscribe:
        channel.accepts = unsubscribed(channel.accepts, frame.body);
        this.#replies.send(channel, Operation.UnsubscribeReply, frame.sequence, frame.body);
        return true;
      case Operation.Join:
      case Operation.Leave:
      case Operation.History:
      case Operation.Publish:
        // To clients of goim these are operations of the application like any other.
        if ((channel.features & Feature.extended) === 0) break;
        this.#request(channel, frame);
        return false;
      case Operation.SendMessage:
        if (!this.#publish.takesMessagesOf(channel)) break;
        this.#request(channel, frame);
        return false;
    }
    this.#receive(channel, frame);
    return false;
  }

  #heartbeat(channel: Channel, sequence: number): void {
    this.connections.heartbeat(channel);
    const { primary } = channel;
    const online = primary === null ? 0 : this.connections.rooms.online(primary.room);
    writeInt32(this.#onlineBody, 0, online);
    this.#replies.send(channel, Operation.HeartbeatReply, sequence, this.#onlineBody);
    if (channel.others.length > 0) this.#furtherRooms.tellOnline(channel);
  }

  /** Handles an operation whose answer has a code, at least where it is refused. */
  #request(channel: Channel, frame: Frame): void {
    const { operation, sequence } = frame;
    channel.busy = true;
    this.#carryOut(channel, frame)
      .catch((error) => {
        if (channel.isOpen) this.#refuse(channel, operation, sequence, error);
      })
      .then(() => {
        channel.busy = false;
        if (channel.isOpen) channel.transport.resume(channel);
      });
  }

  async #carryOut(channel: Channel, { operation, sequence, body }: Frame): Promise<void> {
    if (operation === Operation.Publish) return this.#publish.publish(channel, sequence, body);
    if (operation === Operation.SendMessage) return this.#publish.send(channel, sequence, body);
    const members = requestMembers(body);
    if (operation === Operation.Join) await this.#furtherRooms.join(channel, sequence, members);
    else if (operation === Operation.Leave) this.#furtherRooms.leave(channel, sequence, members);
    else await this.#history.read(channel, sequence, members);
  }

  #refuse(channel: Channel, operation: number, sequence: number, error: unknown): void {
    let refusal = error;
    if (!(refusal instanceof RequestRefused)) {
      log.warn("operation {operation} failed for a fault of the server: {error}", {
        operation,
        error,
      });
      refusal = new RequestRefused(RequestCode.failed, "the server failed, try again");
    }
    const { code, message, retryMs } = refusal as RequestRefused;
    if (code === RequestCode.badRequest) this.counters.badRequests++;
    if (code === RequestCode.failed) this.counters.requestFailures++;
    const retry = retryMs > 0 ? { retry_ms: retryMs } : undefined;
    this.#replies.json(channel, operation + 1, sequence, { code, message, ...retry });
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
    if (!channel.isOpen) return;
    const answer = operation === Operation.SendMessage ? Operation.SendMessageReply : operation;
    this.#replies.send(channel, answer, sequence, reply);
    channel.transport.resume(channel);
  }
}
