import type { Clock } from "../base/clock.ts";
import type { Prng } from "../base/prng.ts";
import { type Conn, WriteOutcome } from "../platform/port.ts";
import { type CloseCode, CloseCodes } from "../protocol/close_codes.ts";
import type { ConnectionRef, ConnectReply } from "../protocol/cluster/connection.ts";
import { probeRoom } from "../protocol/cluster/probe.ts";
import type { LogicApi } from "../protocol/cluster/logic_calls.ts";
import { RoomTypes } from "../protocol/room_options.ts";
import { Channel, ChannelState, featuresOf, type Transport } from "./channel.ts";
import { Channels } from "./channels.ts";
import type { CometCounters } from "./counters.ts";
import { Deadlines } from "./deadlines.ts";
import { Door } from "./door/door.ts";
import type { CometOptions } from "./options.ts";
import { RoomLogs } from "./log/room_logs.ts";
import { type Joined, Memberships } from "./memberships.ts";
import { farewellOf } from "./notices.ts";
import { type ChannelPermissions, expires, PermissionsMaker } from "./permissions.ts";
import { Pings } from "./pings.ts";
import { RoomInterest } from "./room_interest.ts";
import { RoomPushes } from "./room_pushes.ts";
import { Rooms } from "./rooms.ts";
import { SharedList } from "./shared_list.ts";
import { WriteTurns } from "./write_turns.ts";

/** Opens, keeps, watches and closes channels: everything about them but what their frames say. */
export class ConnectionManager {
  readonly channels = new Channels();
  readonly rooms = new Rooms<Channel>();
  readonly interest: RoomInterest;
  readonly memberships: Memberships;
  readonly permissions: PermissionsMaker;
  readonly roomTypes: RoomTypes;
  readonly logs: RoomLogs;
  /** What writes to many channels, one after the other. */
  readonly turns: WriteTurns;
  readonly roomPushes: RoomPushes;
  /** Whether no client may come at present, since jobs do not know of this comet. */
  isShut = false;
  /** Who may come in. */
  readonly door: Door;
  readonly #deadlines: Deadlines;
  readonly #pings: Pings;
  readonly #accepts = new SharedList<number>();

  /**
   * @param server This run of the comet.
   * @param logic Told when an authenticated connection ends.
   * @param clock What others judge by: jobs' leases on our rooms, and proxies' timeouts.
   * @param running What clients' deadlines are judged by: while this process stood still it could
   * not hear them.
   */
  constructor(
    readonly server: string,
    private readonly logic: LogicApi,
    clock: Clock,
    running: Clock,
    prng: Prng,
    readonly options: CometOptions,
    private readonly counters: CometCounters,
  ) {
    this.permissions = new PermissionsMaker(clock);
    this.door = new Door(this, clock, prng, counters);
    this.roomTypes = new RoomTypes(options.rooms);
    const own = options.probeMs > 0 ? [probeRoom(server)] : [];
    this.interest = new RoomInterest(this.rooms, clock, counters, own);
    const write = (channel: Channel, bytes: Uint8Array) => this.write(channel, bytes);
    const { rooms, roomTypes } = this;
    const dependencies = { rooms, roomTypes, logic, clock, running, options, counters, write };
    this.logs = new RoomLogs(dependencies);
    this.turns = new WriteTurns(clock, options.fanoutSlice);
    this.roomPushes = new RoomPushes(this.turns, this.logs, counters, write);
    this.memberships = new Memberships(rooms, this.interest, this.logs);
    this.#deadlines = new Deadlines(this.channels, running, clock, {
      main: (channel) => this.#expired(channel),
      slow: (channel) => this.closeSlow(channel),
    });
    this.#pings = new Pings(this.channels, clock, options, (channel, ping) => {
      this.counters.pingsSent++;
      this.write(channel, ping);
    });
  }

  /** Deadlines that run. */
  get timers(): number {
    return this.#deadlines.size;
  }

  /** How long it is to the next tick, in whole milliseconds, since timers know no others. */
  get untilTickMs(): number {
    return this.#deadlines.untilTickMs;
  }

  /** Fires the deadlines that have passed and pings who is due; to be called every tick. */
  tick(): void {
    this.#deadlines.tick();
    this.door.refusals.tick();
    this.#pings.tick();
    this.logs.tick();
    this.interest.tick();
  }

  /**
   * Takes a new connection in, unless the door turns it away.
   *
   * @param client Its IP address; undefined where `door.addressed` will say it.
   * @param first Decodes what comes first.
   */
  open(
    conn: Conn<Channel | undefined>,
    transport: Transport,
    client: string | undefined,
    first: Pick<Transport, "decoder"> = transport,
  ): Channel | undefined {
    if (!this.door.admits(conn, transport, client)) return undefined;
    const channel = conn.context = this.channels.add((id) =>
      new Channel(id, conn, transport, first.decoder(), conn.remoteAddress)
    );
    this.counters.accepted++;
    this.#deadlines.set(channel, this.options.handshakeMs);
    if (client !== undefined) this.channels.addressed(channel, client);
    return channel;
  }

  /** Makes a channel what its auth says it is, and takes it into its room. */
  authenticated(
    channel: Channel,
    client: ConnectReply,
    permissions: ChannelPermissions | null,
  ): Joined {
    channel.state = ChannelState.open;
    this.door.handshakes--;
    channel.mid = client.mid;
    channel.key = client.key;
    channel.accepts = this.#accepts.of(client.accepts);
    channel.features = featuresOf(client);
    this.channels.bindKey(channel);
    this.counters.authenticated++;
    this.permit(channel, permissions);
    return this.memberships.moveTo(channel, client.room, client.extras);
  }

  /** Gives an open channel what its client may do from now on, and its next deadline. */
  permit(channel: Channel, permissions: ChannelPermissions | null): void {
    channel.permissions = permissions;
    if (!expires(channel)) channel.headers = null;
    this.#deadlines.set(channel, this.options.heartbeatMs);
  }

  /**
   * What logic knows a connection by.
   *
   * @param client Who it is, where the channel itself does not know.
   */
  refOf(channel: Channel, client: Pick<ConnectReply, "mid" | "key"> = channel): ConnectionRef {
    const { mid, key } = client;
    return { server: this.server, connectionId: channel.id, mid, key };
  }

  /** Gives a channel its next heartbeat deadline. */
  heartbeat(channel: Channel): void {
    this.counters.heartbeats++;
    this.#deadlines.set(channel, this.options.heartbeatMs);
  }

  /** Writes to a channel and watches it from when its queue holds back or drops something. */
  write(channel: Channel, bytes: Uint8Array): WriteOutcome {
    channel.writtenTick = this.#pings.ticks;
    const outcome = channel.conn.write(bytes);
    if (outcome === WriteOutcome.queued || outcome === WriteOutcome.dropped) {
      this.#deadlines.watchReading(channel, this.options.slowReaderMs);
    }
    return outcome;
  }

  /** The channel's queue is empty again. */
  drained(channel: Channel): void {
    this.#deadlines.cancelReading(channel);
    this.logs.catchUp.drained(channel);
  }

  /**
   * Says goodbye and ends the connection; a client that does not go is evicted soon after.
   *
   * @param farewell The last words, in place of those that the close code stands for.
   */
  close(channel: Channel, close: CloseCode, farewell = farewellOf(channel, close)): void {
    if (channel.state >= ChannelState.closing) return;
    this.#disconnect(channel);
    channel.state = ChannelState.closing;
    this.#deadlines.cancelReading(channel);
    this.#deadlines.set(channel, this.options.closeMs);
    if (farewell !== undefined && channel.conn.write(farewell) === WriteOutcome.dropped) {
      channel.conn.discardPending();
      channel.conn.write(farewell);
    }
    channel.conn.end();
    if (channel.pipelined !== null) channel.conn.resume();
  }

  /** Closes a channel whose client does not read what waits for it. */
  closeSlow(channel: Channel): void {
    this.counters.slowReaders++;
    channel.conn.discardPending();
    this.close(channel, CloseCodes.slowReader);
  }

  /** Closes every channel. */
  closeAll(close: CloseCode): void {
    this.channels.forEach((channel) => this.close(channel, close));
  }

  /** The connection is over, whoever ended it. */
  closed(channel: Channel): void {
    if (channel.state === ChannelState.closed) return;
    this.#disconnect(channel);
    channel.state = ChannelState.closed;
    this.#deadlines.cancel(channel);
    channel.decoder.close();
    channel.pipelined?.release();
    channel.pipelined = null;
    this.channels.remove(channel);
    this.counters.closed++;
  }

  /** Takes a channel out of everything that pushes reach. */
  #disconnect(channel: Channel): void {
    if (channel.state === ChannelState.handshaking) this.door.handshakes--;
    if (channel.state !== ChannelState.open) return;
    channel.permissions = null;
    this.memberships.leaveAll(channel);
    this.channels.unbindKey(channel);
    this.logic.disconnect(this.refOf(channel)).catch(() => this.counters.logicFailures++);
  }

  #expired(channel: Channel): void {
    if (channel.state === ChannelState.closing) return channel.conn.evict();
    if (channel.state === ChannelState.handshaking) {
      this.counters.handshakeTimeouts++;
      this.close(channel, CloseCodes.handshakeTimeout);
    } else if (this.#deadlines.hasExpired(channel)) {
      this.counters.expired++;
      this.close(channel, CloseCodes.tokenExpired);
    } else {
      this.counters.heartbeatTimeouts++;
      this.close(channel, CloseCodes.heartbeatTimeout);
    }
  }
}
