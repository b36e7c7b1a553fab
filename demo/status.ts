/** What the page says of the connection, of what was missed, and of what was refused. */
import type { ClientStateEvent, RoomGap, RoomStateEvent } from "../client/types.ts";

/** How it looks: all is well, it may become so by itself, or it does not. */
export type Tone = "good" | "busy" | "bad";

export interface Status {
  readonly tone: Tone;
  readonly text: string;
}

/** What the state of a connection is known by. */
export interface Connection {
  readonly client: ClientStateEvent;
  readonly room: RoomStateEvent;
  /** Whether there was a connection before this one, or a try that failed. */
  readonly isAgain: boolean;
  /** Whether whoever watches has cut it. */
  readonly isCut: boolean;
}

/** The connection in a few words. They do not change from try to try. */
export function connectionStatus({ client, room, isAgain, isCut }: Connection): Status {
  if (client.state === "closed") {
    return { tone: "bad", text: `Refused: ${client.reason || `close code ${client.code}`}` };
  }
  if (room.state === "refused") {
    return { tone: "bad", text: `Refused: ${room.message || `code ${room.code}`}` };
  }
  if (isCut) return { tone: "bad", text: "Offline: cut by you" };
  if (client.state === "connected") {
    if (room.state === "joined") return { tone: "good", text: "Live" };
    return { tone: "busy", text: room.message ? `Not let in yet: ${room.message}` : "Joining…" };
  }
  return isAgain
    ? { tone: "bad", text: "Offline: trying again…" }
    : { tone: "busy", text: "Connecting…" };
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`;
}

/** Follows what comes after a reconnect, until all that was missed is there. */
export class Recovery {
  #missed = 0;
  #recovered = 0;
  #isUnderWay = false;

  /** The client is back in the room: so many messages come now. */
  begin(missed: number): string {
    this.#missed = missed;
    this.#recovered = 0;
    this.#isUnderWay = missed > 0;
    return this.#text();
  }

  /** One of them has come; undefined when it was none of them. */
  message(isRecovered: boolean): string | undefined {
    if (!this.#isUnderWay || !isRecovered) return undefined;
    this.#recovered++;
    this.#isUnderWay = this.#recovered < this.#missed;
    return this.#text();
  }

  #text(): string {
    if (this.#missed === 0) return "Back: nothing was missed";
    return `Back: ${counted(this.#missed, "message")} missed, ${this.#recovered} recovered`;
  }
}

/** Tells of messages that will not come. */
export function gapText({ count, reason }: RoomGap): string {
  const messages = count === undefined ? "Messages" : counted(count, "message");
  switch (reason) {
    case "expired":
      return `${messages} missed: the room has kept them no longer`;
    case "skipped":
      return `${messages} missed: this page read too slowly`;
    case "epoch":
      return "The room began anew: what was there before is lost";
    case "unknown":
      return "Back: messages may have been missed";
  }
}

/** Why a comment was not published. */
export interface Refusal {
  /** Without what is left to wait. */
  readonly text: string;
  /** From when on another try makes sense; undefined when nobody knows. */
  readonly againAtMs?: number;
}

/**
 * @param error What the SDK's promise was rejected with.
 * @param nowMs By the clock in which `againAtMs` is.
 */
export function refusalOf(error: unknown, nowMs: number): Refusal {
  const { code, message, retryMs } = error as {
    readonly code?: number;
    readonly message?: string;
    readonly retryMs?: number;
  };
  const againAtMs = retryMs === undefined ? undefined : nowMs + retryMs;
  if (code === -408) return { text: "No answer in time: nobody knows whether it arrived" };
  if (code === -429) return { text: `Not sent: ${message || "too fast"}`, againAtMs };
  return { text: `Refused: ${message || "no reason given"}`, againAtMs };
}

/** A refusal with what is left to wait, such as `Not sent: too fast (again in 2 s)`. */
export function refusalText({ text, againAtMs }: Refusal, nowMs: number): string {
  const seconds = Math.ceil(((againAtMs ?? nowMs) - nowMs) / 1_000);
  if (seconds <= 0) return text;
  const wait = seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
  return `${text} (again in ${wait})`;
}
