import type { Buffer } from "node:buffer";
import { connect, createServer, type Server, type Socket } from "node:net";
import { plainBuffers } from "../../protocol/buffers.ts";
import { encodeFrame, type Frame } from "../../protocol/frame.ts";
import { Limits } from "../../protocol/limits.ts";
import { Operation } from "../../protocol/operations.ts";
import { FrameSplitter } from "../../protocol/splitter.ts";
import { rawFrame, token } from "./raw_client.ts";

/** What a proxy does wrong. */
export type Mistake =
  /** Drops a push. */
  | "loses"
  /** Sends a push twice. */
  | "doubles"
  /** Sends a push after the one that follows it. */
  | "swaps"
  /** Sends a push to a client of another room as well. */
  | "misdelivers"
  /** Holds back the answer to a heartbeat. */
  | "answersLate"
  /** Never passes on the answer to a heartbeat. */
  | "neverAnswers"
  /** Beats in the place of a client that has fallen silent, so that the server keeps it. */
  | "keepsSilent"
  /** Cuts a client off that has been silent, but not for as long as it may. */
  | "closesEarly"
  /** Cuts a client off that has just beaten for the second time. */
  | "cutsOff"
  /** Never lets a client in. */
  | "turnsAway"
  /** Never lets a client in again that has left. */
  | "turnsBack"
  /** Does not pass on that a client wants to be in another room. */
  | "ignoresMove"
  /** Has somebody else in a room, until the first client leaves. */
  | "addsOne"
  /** Says that a message of a client was refused, though it was taken. */
  | "refuses"
  /** Does not tell the server that a client has gone. */
  | "forgetsToClose";

/** How a proxy errs. */
export interface Errors {
  readonly mistake: Mistake;
  /** How many clients it does that to, once to each; 1 when absent. */
  readonly times?: number;
  /** Which push of a client it is about, counted from 1; 3 when absent. */
  readonly at?: number;
  /** How long an answer is held back, or how long nothing from a client is silence. */
  readonly spanMs?: number;
}

/** Sequence number of the heartbeats that are not the client's own. */
const FORGED = 0x5eed;

/** The push of a room, as the simulator sends them. */
const PUSH = 1000;

/** One connection of a client and what stands behind it at the server. */
class Link {
  /** As in its token; empty before that. */
  key = "";
  room = "";
  pushes = 0;
  /** When it last beat, in milliseconds; 0 = not yet. */
  beatMs = 0;
  /** Whether it has been wronged. */
  wronged = false;
  /** A push that is to come after the next. */
  held: Uint8Array | undefined = undefined;
  /** What it has done. */
  readonly doings: string[] = [];

  constructor(readonly near: Socket, readonly far: Socket) {}
}

/**
 * What one client has done, in order: `in room`, `change room`, `beat`, `leave` or `closed`, the
 * last by the server. Its connections come one after the other.
 */
export type Doings = readonly string[];

/**
 * Stands between the clients of goim's TCP protocol and a server, passes their bytes on as they
 * are, and errs on purpose in what it passes on to them.
 */
export class ErringProxy {
  /** How often it has erred. */
  erred = 0;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  /** Every connection that has said who it is, in that order. */
  readonly #entered: Link[] = [];
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();
  #turnedAway: string | undefined;
  #stranger: Socket | undefined;

  private constructor(private readonly target: number, private readonly errors?: Errors) {
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /**
   * Listens on a free port of this machine.
   *
   * @param target The port behind it.
   * @param errors None when absent.
   */
  static async start(target: number, errors?: Errors): Promise<ErringProxy> {
    const proxy = new ErringProxy(target, errors);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** What each client has done so far, by its key. */
  get doings(): ReadonlyMap<string, Doings> {
    const doings = new Map<string, string[]>();
    for (const link of this.#entered) {
      doings.set(link.key, [...doings.get(link.key) ?? [], ...link.doings]);
    }
    return doings;
  }

  /** Ends it and all its connections. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const { near, far } of this.#links) {
      near.destroy();
      far.destroy();
    }
    this.#stranger?.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(near: Socket): void {
    const far = connect(this.target, "127.0.0.1");
    const link = new Link(near, far);
    this.#links.add(link);
    const up = new FrameSplitter(plainBuffers);
    const down = new FrameSplitter(plainBuffers, Limits.pushBodyBytesMax);
    near.setNoDelay(true).on("error", () => {}).on("data", (bytes: Buffer) => {
      up.push(bytes, link, { frame: (_, frame) => this.#sees(link, frame) });
    });
    far.setNoDelay(true).on("error", () => {}).on("data", (bytes: Buffer) => {
      down.push(bytes, link, { frame: (_, frame) => this.#passesOn(link, frame) });
    });
    near.on("close", () => this.#left(link));
    far.on("close", () => {
      if (!near.destroyed) link.doings.push("closed");
      this.#links.delete(link);
      near.destroy();
    });
  }

  /** A client has gone, or has been cut off. */
  #left(link: Link): void {
    if (!link.far.destroyed) link.doings.push("leave");
    this.#stranger?.destroy();
    if (link.key !== "" && !link.far.destroyed && this.#wrongs(link, "forgetsToClose")) return;
    link.far.destroy();
  }

  /** Looks at a frame of a client, and passes it on to the server. */
  #sees(link: Link, { operation, sequence, body }: Frame): boolean {
    const text = () => new TextDecoder().decode(body);
    if (operation === Operation.Auth) {
      const { key, room_id } = JSON.parse(text());
      Object.assign(link, { key, room: room_id });
      this.#entered.push(link);
      link.doings.push(`in ${room_id}`);
      this.#entering(link);
    } else if (operation === Operation.ChangeRoom) {
      if (this.#wrongs(link, "ignoresMove")) return true;
      link.room = text();
      link.doings.push(`change ${link.room}`);
    } else if (operation === Operation.Heartbeat) {
      link.doings.push("beat");
      if (link.beatMs > 0 && this.#wrongs(link, "cutsOff")) link.near.destroy();
      link.beatMs = performance.now();
      if (this.errors?.mistake === "keepsSilent") this.#beatInItsPlace(link, link.beatMs);
      if (this.errors?.mistake === "closesEarly") this.#cutWhenSilent(link, link.beatMs);
    }
    link.far.write(encodeFrame(operation, sequence, body));
    return true;
  }

  #entering(link: Link): void {
    const wasIn = this.#entered.some((other) => other !== link && other.key === link.key);
    if (this.#wrongs(link, "turnsAway") || (wasIn && this.#wrongs(link, "turnsBack"))) {
      this.#turnedAway = link.key;
    }
    if (this.#turnedAway === link.key) link.near.destroy();
    if (!this.#wrongs(link, "addsOne")) return;
    this.#stranger = connect(this.target, "127.0.0.1").on("error", () => {});
    this.#stranger.resume();
    this.#stranger.write(rawFrame(Operation.Auth, 1, token({ room_id: link.room })));
  }

  /** Cuts a client off when nothing has come from it for a while. */
  #cutWhenSilent(link: Link, sinceMs: number): void {
    this.#later(this.errors!.spanMs!, () => {
      if (link.far.destroyed || link.beatMs > sinceMs) return;
      if (this.#wrongs(link, "closesEarly")) link.near.destroy();
    });
  }

  /** Beats for a client when nothing has come from it for long. */
  #beatInItsPlace(link: Link, sinceMs: number): void {
    const { spanMs = 0 } = this.errors!;
    this.#later(spanMs, () => {
      if (link.far.destroyed || link.beatMs > sinceMs) return;
      if (!link.wronged && !this.#wrongs(link, "keepsSilent")) return;
      link.far.write(encodeFrame(Operation.Heartbeat, FORGED, new Uint8Array()));
      this.#beatInItsPlace(link, sinceMs);
    });
  }

  /** Passes a frame of the server on to a client, rightly or wrongly. */
  #passesOn(link: Link, { operation, sequence, body }: Frame): boolean {
    const bytes = encodeFrame(operation, sequence, body);
    if (operation === PUSH) this.#push(link, bytes);
    else if (operation === Operation.PublishReply && this.#wrongs(link, "refuses")) {
      link.near.write(rawFrame(operation, sequence, '{"code":-429,"message":"no"}'));
    } else if (operation !== Operation.HeartbeatReply) link.near.write(bytes);
    else if (sequence === FORGED || this.#wrongs(link, "neverAnswers")) return true;
    else if (this.#wrongs(link, "answersLate")) {
      this.#later(this.errors!.spanMs!, () => link.near.write(bytes));
    } else link.near.write(bytes);
    return true;
  }

  #push(link: Link, bytes: Uint8Array): void {
    const isIt = ++link.pushes === (this.errors?.at ?? 3);
    if (isIt && this.#wrongs(link, "loses")) return;
    if (isIt && this.#wrongs(link, "swaps")) return void (link.held = bytes);
    if (isIt && this.#wrongs(link, "doubles")) link.near.write(bytes);
    link.near.write(bytes);
    if (link.held !== undefined) link.near.write(link.held);
    link.held = undefined;
    if (this.errors?.mistake !== "misdelivers" || !isIt) return;
    const other = [...this.#links].find(({ room }) => room !== "" && room !== link.room);
    if (other !== undefined && this.#wrongs(link, "misdelivers")) other.near.write(bytes);
  }

  /** Whether this mistake is to be made now. */
  #wrongs(link: Link, mistake: Mistake): boolean {
    const { errors } = this;
    if (errors?.mistake !== mistake || link.wronged || this.erred >= (errors.times ?? 1)) {
      return false;
    }
    this.erred++;
    return link.wronged = true;
  }

  #later(delayMs: number, callback: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      callback();
    }, delayMs);
    this.#timers.add(timer);
  }
}
